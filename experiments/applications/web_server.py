"""The server of the page of experiments/web_demo.py.

It classifies by a learner, makes new images by a generator, or does both. Each
query comes alone, so the page classifies it by itself (inductive): there are no
others to normalize it with.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.applications.web_offers import Offer, Service
from experiments.applications.web_pictures import MAX_BYTES as MAX_PICTURE

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
  **{
    f'/{name}': _HERE / name
    for name in (
      *('web_demo.css', 'web_demo.js', 'web_pictures.js'),
      *('web_classify.js', 'web_generate.js'),
    )
  },
  '/report.css': _HERE.parent / 'pages/report.css',
}

_Endpoint = Callable[[Request], Awaitable[Response]]
_Receive = Callable[[Request], contextlib.AbstractAsyncContextManager[bytes]]


class TooBusy(Exception):
  """There is no room for another request."""


def application(
  offers: Sequence[Offer],
  hosts: list[str],
  *,
  patience: float = PATIENCE,
  max_bytes: int = MAX_BYTES,
) -> Starlette:
  """The page and its services.

  Args:
    offers: of one kind each.
    hosts: names that it may be called by; others are refused, so that no other
      site can pose as this one.
    patience: seconds that the body of a request may take to arrive.
    max_bytes: of all bodies that are not answered yet. A request that does not
      come has none, so it keeps nobody out.

  Returns:
    An ASGI application.
  """
  about = {
    'max_bytes': MAX_PICTURE,
    'max_request': MAX_REQUEST,
    **{name: value for offer in offers for name, value in offer.about.items()},
  }

  async def file(request: Request) -> Response:
    return FileResponse(_FILES[request.url.path], headers=_HEADERS)

  async def show_settings(request: Request) -> Response:
    return JSONResponse(about, headers=_HEADERS)

  return Starlette(
    routes=[
      *(Route(path, file) for path in _FILES),
      Route('/settings', show_settings),
      *_routes(offers, patience, max_bytes),
    ],
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
    max_body_size=MAX_REQUEST,
  )


def _routes(
  offers: Sequence[Offer], patience: float, max_bytes: int
) -> list[Route]:
  """The services: one request is worked on at a time, the others wait."""
  one_at_a_time = asyncio.Lock()
  receive = _receiver(patience, max_bytes)
  return [
    Route(path, _endpoint(service, receive, one_at_a_time), methods=['POST'])
    for offer in offers
    for path, service in offer.services.items()
  ]


def _endpoint(
  service: Service, receive: _Receive, one_at_a_time: asyncio.Lock
) -> _Endpoint:
  async def answer(request: Request) -> Response:
    try:
      async with receive(request) as body, one_at_a_time:
        reply = await run_in_threadpool(lambda: service(json.loads(body)))
    except (ValueError, RecursionError) as error:
      return _failure(400, str(error))
    except TimeoutError:
      return _failure(408, 'The pictures took too long to arrive. Try again.')
    except TooBusy:
      return _failure(503, 'Too many others are asking. Try again.')
    except ClientDisconnect:
      return Response()  # Nobody reads it.
    return JSONResponse(reply, headers=_HEADERS)

  return answer


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


def run(offers: Sequence[Offer], host: str, port: int) -> None:
  """Serves a page until Ctrl-C or SIGTERM.

  Args:
    offers: what it can do.
    host: the address to listen at.
    port: likewise; 0 for a free one.

  Raises:
    OSError: if there is no listening at that address.
  """
  family = socket.AF_INET6 if ':' in host else socket.AF_INET
  with socket.create_server((host, port), family=family) as listener:
    print('Compiling...', flush=True)
    for offer in offers:
      offer.prepare()
    server = make_server(application(offers, allowed_hosts(host)))
    address = f'http://{_in_address(host)}:{listener.getsockname()[1]}'
    print(f'Page: {address} (Ctrl-C ends it)', flush=True)
    with contextlib.suppress(KeyboardInterrupt):
      server.run(sockets=[listener])
