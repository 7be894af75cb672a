"""The server of the page of experiments/web_demo.py.

Each query comes alone, so the page classifies it by itself (inductive): there
are no others to normalize it with.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from experiments.applications import web_answer
from lasium_jax import models
from lasium_jax.models import Model

try:
  import uvicorn
  from starlette.applications import Starlette
  from starlette.concurrency import run_in_threadpool
  from starlette.middleware import Middleware
  from starlette.middleware.trustedhost import TrustedHostMiddleware
  from starlette.requests import ClientDisconnect, Request
  from starlette.responses import FileResponse, JSONResponse, Response
  from starlette.routing import Route
  from uvicorn.protocols.http.h11_impl import H11Protocol
except ImportError as error:
  raise ImportError(
    "The page needs Starlette and Uvicorn: pip install 'lasium_jax[demo]'"
  ) from error

MAX_REQUEST = 32_000_000  # Bytes of all pictures together, in base 64.
MAX_BYTES = 16 * MAX_REQUEST  # All unanswered requests have no more.
PATIENCE = 60.0  # Seconds that a request may take to arrive.
LOOPBACK = ('localhost', '127.0.0.1', '[::1]')  # Browsers use these.
ANY = ('0.0.0.0', '::')  # Every address of this machine.

# What the page may do: nothing but ask this server.
_POLICY = (
  "default-src 'none'; script-src 'self'; style-src 'self'; "
  "connect-src 'self'; img-src blob: data:; base-uri 'none'; "
  "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
  'Content-Security-Policy': _POLICY,
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
}
_HERE = Path(__file__).parent
_FILES = {
  '/': _HERE / 'web_demo.html',
  '/web_demo.js': _HERE / 'web_demo.js',
  '/web_demo.css': _HERE / 'web_demo.css',
  '/report.css': _HERE.parent / 'pages/report.css',
}

_Endpoint = Callable[[Request], Awaitable[Response]]
_Receive = Callable[[Request], contextlib.AbstractAsyncContextManager[bytes]]


class TooBusy(Exception):
  """There is no room for another request."""


def application(
  model: Model,
  classes: int,
  hosts: list[str],
  *,
  patience: float = PATIENCE,
  max_bytes: int = MAX_BYTES,
) -> Starlette:
  """The page and its one service.

  Args:
    model: of a learner.
    classes: how many the page begins with.
    hosts: names that it may be called by; others are refused, so that no other
      site can pose as this one.
    patience: seconds that the body of a request may take to arrive.
    max_bytes: of all bodies that are not answered yet. A request that does not
      come has none, so it keeps nobody out.

  Returns:
    An ASGI application.
  """
  about = settings(model, classes)

  async def file(request: Request) -> Response:
    return FileResponse(_FILES[request.url.path], headers=_HEADERS)

  async def show_settings(request: Request) -> Response:
    return JSONResponse(about, headers=_HEADERS)

  return Starlette(
    routes=[
      *(Route(path, file) for path in _FILES),
      Route('/settings', show_settings),
      Route(
        '/classify', _classifying(model, patience, max_bytes), methods=['POST']
      ),
    ],
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
    max_body_size=MAX_REQUEST,
  )


def _classifying(model: Model, patience: float, max_bytes: int) -> _Endpoint:
  """The service: one request is worked on at a time, the others wait."""
  one_at_a_time = asyncio.Lock()
  receive = _receiver(patience, max_bytes)

  async def classify(request: Request) -> Response:
    try:
      async with receive(request) as body, one_at_a_time:
        reply = await run_in_threadpool(_answer, model, body)
    except (ValueError, RecursionError) as error:
      return _failure(400, str(error))
    except TimeoutError:
      return _failure(408, 'The pictures took too long to arrive. Try again.')
    except TooBusy:
      return _failure(503, 'Too many others are asking. Try again.')
    except ClientDisconnect:
      return Response()  # Nobody reads it.
    return JSONResponse(reply, headers=_HEADERS)

  return classify


def _answer(model: Model, body: bytes) -> dict[str, Any]:
  reply = web_answer.answer(model, json.loads(body))
  # They are sent as pairs, because an object may not keep their order.
  return {
    'probabilities': [*reply.probabilities.items()],
    'account': reply.account,
  }


def _failure(status: int, message: str) -> Response:
  # The connection is closed, because the rest of a body may still come.
  headers = {**_HEADERS, 'Connection': 'close'}
  return JSONResponse({'error': message}, status, headers=headers)


def _receiver(patience: float, max_bytes: int) -> _Receive:
  """Reads the bodies of requests, none too slow, nor too many of them.

  Args:
    patience: seconds that a body may take.
    max_bytes: of all bodies that are held together.

  Returns:
    `async with receive(request) as body`, which holds the body until it ends.
    It raises TimeoutError, TooBusy or ClientDisconnect.
  """
  held_bytes = 0

  @contextlib.asynccontextmanager
  async def receive(request: Request) -> AsyncIterator[bytes]:
    nonlocal held_bytes
    parts = []
    try:
      async with asyncio.timeout(patience):
        async for part in request.stream():
          parts.append(part)
          held_bytes += len(part)
          if held_bytes > max_bytes:
            raise TooBusy
      yield b''.join(parts)
    finally:
      held_bytes -= sum(map(len, parts))

  return receive


def settings(model: Model, classes: int) -> dict[str, Any]:
  """What the page must know of the model, of JSON types."""
  learner = model.card['architecture']['learner']['name']
  names = {'maml': 'MAML', 'protonets': 'ProtoNets'}
  run = model.card['training'].get('run')
  return {
    'learner': names.get(learner, learner),
    'run': run if isinstance(run, str) else '',
    'image': model.card['image'],
    'classes': classes,
    # The trained head can be used for no more classes than these.
    'trained': (
      model.card['architecture']['ways'] if models.has_head(model.card) else 0
    ),
    'max_classes': web_answer.MAX_CLASSES,
    'max_bytes': web_answer.MAX_BYTES,
    'max_request': MAX_REQUEST,
  }


def allowed_hosts(host: str) -> list[str]:
  """The names that a page which listens at `host` may be called by."""
  return ['*'] if host in ANY else [*LOOPBACK, _in_address(host)]


def _in_address(host: str) -> str:
  return f'[{host}]' if ':' in host else host


def make_server(
  application: Starlette, *, patience: float = PATIENCE
) -> uvicorn.Server:
  """A server that waits so many seconds for what a connection is to ask."""

  class Protocol(H11Protocol):
    def connection_made(self, transport: Any) -> None:
      super().connection_made(transport)
      self.loop.call_later(patience, self.close_if_silent)

    def close_if_silent(self) -> None:
      if self.cycle is None:  # No request has come.
        self.transport.close()

  return uvicorn.Server(
    uvicorn.Config(
      application,
      http=Protocol,
      log_level='warning',
      proxy_headers=False,
      server_header=False,
    )
  )


def run(folder: Path, host: str, port: int, classes: int) -> None:
  """Serves the page of a model until Ctrl-C or SIGTERM.

  Args:
    folder: the model's.
    host: the address to listen at.
    port: likewise; 0 for a free one.
    classes: how many the page begins with.

  Raises:
    BadModel: if the folder holds no sound model of a learner.
    OSError: if there is no listening at that address.
  """
  model = models.load_model(folder)
  family = socket.AF_INET6 if ':' in host else socket.AF_INET
  with socket.create_server((host, port), family=family) as listener:
    print('Compiling...', flush=True)
    web_answer.prepare(model, classes)
    server = make_server(application(model, classes, allowed_hosts(host)))
    address = f'http://{_in_address(host)}:{listener.getsockname()[1]}'
    print(f'Page: {address} (Ctrl-C ends it)', flush=True)
    with contextlib.suppress(KeyboardInterrupt):
      server.run(sockets=[listener])
