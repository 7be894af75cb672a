"""Starts the page on which to try a model, and asks it."""

import base64
import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest
from PIL import Image
from whole_program import ROOT


def png(array):
  content = io.BytesIO()
  array = array[..., 0] if array.shape[-1] == 1 else array
  Image.fromarray(array).save(content, 'PNG')
  return content.getvalue()


def encoded(picture):
  content = base64.b64encode(picture.content).decode()
  return {'name': picture.name, 'content': content}


@contextlib.contextmanager
def serving(*arguments, **changes):
  """The entry point as a user starts it; its address."""
  for package in ('starlette', 'uvicorn'):
    pytest.importorskip(package)
  command = [sys.executable, 'experiments/web_demo.py', *arguments]
  env = {
    **os.environ,
    'JAX_PLATFORMS': 'cpu',
    'JAX_DISABLE_MOST_OPTIMIZATIONS': '1',
    'JAX_COMPILATION_CACHE_DIR': '',  # Nothing is left in the user's.
    **changes,
  }
  with subprocess.Popen(
    [*command, '--port=0'],
    cwd=ROOT,
    env=env,
    stdout=subprocess.PIPE,
    text=True,
  ) as server:
    try:
      lines = [server.stdout.readline() for _ in range(2)]
      assert lines[1].startswith('Page: http://127.0.0.1:')
      yield lines[1].split()[1]
    finally:
      server.send_signal(signal.SIGINT)
      assert server.wait(20) == 0


def ask(address, body=None, **headers):
  request = urllib.request.Request(address, body, headers)
  try:
    with urllib.request.urlopen(request, timeout=30) as reply:
      return reply.status, reply.headers, reply.read()
  except urllib.error.HTTPError as error:
    with error:
      return error.code, error.headers, error.read()


PATIENCE = 1.0  # Seconds, of servers that tests keep waiting.


@contextlib.contextmanager
def impatient(web_server, *offers, patience=PATIENCE, **changes):
  """A started server's address."""
  page = web_server.application(
    offers, ['127.0.0.1'], patience=patience, **changes
  )
  server = web_server.make_server(page, patience=patience)
  with socket.create_server(('127.0.0.1', 0)) as listener:
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
      yield listener.getsockname()
    finally:
      server.should_exit = True
      thread.join(20)
      assert not thread.is_alive()
