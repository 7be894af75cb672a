"""A page on which to try a model: draw or upload examples, then a query.

For example:

python experiments/web_demo.py --model=models/demo

The model is a folder that experiments/export.py wrote. Only this machine can
open the page, unless --host says otherwise. Pictures stay in memory until they
are answered; nothing is fetched from, or sent to, anywhere else.
"""

import asyncio
import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from absl import flags

from experiments.applications import web_answer
from experiments.run import command
from lasium_jax import models
from lasium_jax.models import Model

MAX_REQUEST = 32_000_000  # Bytes of all pictures together, in base 64.
MAX_REQUESTS = 16  # At a time; one is worked on, the others wait.
LOOPBACK = ('localhost', '127.0.0.1', '[::1]')  # As browsers name them.
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
_FILES = {
  '/': 'applications/web_demo.html',
  '/web_demo.js': 'applications/web_demo.js',
  '/web_demo.css': 'applications/web_demo.css',
  '/report.css': 'pages/report.css',
}


def application(model: Model, classes: int, hosts: list[str]) -> Any:
  """The page and its one service.

  Args:
    model: of a learner.
    classes: how many the page begins with.
    hosts: names that it may be called by; others are refused, so that no other
      site can pose as this one.

  Returns:
    An ASGI application.

  Raises:
    ImportError: if Starlette is missing.
  """
  try:
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import FileResponse, JSONResponse, Response
    from starlette.routing import Route
  except ImportError as error:
    raise ImportError(
      "The page needs Starlette and Uvicorn: pip install 'lasium_jax[demo]'"
    ) from error

  about = settings(model, classes)
  one_at_a_time = asyncio.Lock()

  async def file(request: Request) -> Response:
    name = _FILES[request.url.path]
    return FileResponse(Path(__file__).parent / name, headers=_HEADERS)

  async def show_settings(request: Request) -> Response:
    return JSONResponse(about, headers=_HEADERS)

  async def classify(request: Request) -> Response:
    try:
      asked = json.loads(await request.body())
      async with one_at_a_time:
        found = await run_in_threadpool(web_answer.answer, model, asked)
    except (ValueError, RecursionError) as error:
      return JSONResponse({'error': str(error)}, 400, headers=_HEADERS)
    pairs = [*found.items()]  # In their order, which an object may not keep.
    return JSONResponse({'probabilities': pairs}, headers=_HEADERS)

  return Starlette(
    routes=[
      *(Route(path, file) for path in _FILES),
      Route('/settings', show_settings),
      Route('/classify', classify, methods=['POST']),
    ],
    middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
    max_body_size=MAX_REQUEST,
  )


def settings(model: Model, classes: int) -> dict[str, Any]:
  """What the page must know of the model, of JSON types."""
  image = model.card['image']
  learner = model.card['architecture']['learner']['name']
  names = {'maml': 'MAML', 'protonets': 'ProtoNets'}
  return {
    'learner': names.get(learner, learner),
    'run': str(model.card['training'].get('run', '')),
    'image': image,
    'classes': classes,
    'max_classes': web_answer.MAX_CLASSES,
    'max_bytes': web_answer.MAX_BYTES,
    'max_request': MAX_REQUEST,
  }


def allowed_hosts(host: str) -> list[str]:
  """The names that a page which listens at `host` may be called by."""
  return ['*'] if host in ANY else [*LOOPBACK, _in_address(host)]


def _in_address(host: str) -> str:
  return f'[{host}]' if ':' in host else host


def serve(application: Any, listener: socket.socket) -> None:
  """Answers until Ctrl-C or SIGTERM."""
  import uvicorn

  config = uvicorn.Config(
    application,
    log_level='warning',
    limit_concurrency=MAX_REQUESTS,
    proxy_headers=False,
    server_header=False,
  )
  with contextlib.suppress(KeyboardInterrupt):
    uvicorn.Server(config).run(sockets=[listener])


def define_flags() -> None:
  flags.DEFINE_string('model', None, 'A folder that export.py wrote.')
  flags.DEFINE_string(
    'host', '127.0.0.1', 'The address to listen at; 0.0.0.0 is open to all.'
  )
  flags.DEFINE_integer(
    'port', 7860, 'The port to listen at; 0 for a free one.', 0, 65_535
  )
  flags.DEFINE_integer(
    'classes', 5, 'How many to begin with.', 2, web_answer.MAX_CLASSES
  )


def work(given: Any) -> None:
  model = models.load_model(Path(given.model))
  page = application(model, given.classes, allowed_hosts(given.host))
  family = socket.AF_INET6 if ':' in given.host else socket.AF_INET
  address = given.host, given.port
  with socket.create_server(address, family=family) as listener:
    print('Compiling...', flush=True)
    web_answer.prepare(model, given.classes)
    port = listener.getsockname()[1]
    print(
      f'Page: http://{_in_address(given.host)}:{port} (Ctrl-C ends it)',
      flush=True,
    )
    serve(page, listener)


if __name__ == '__main__':
  command.start(define_flags, work, ['model'])
