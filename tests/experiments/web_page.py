"""Starts the page on which to try a model, and asks it."""

import base64
import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from whole_program import ROOT

CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
DRIVER = shutil.which('chromedriver')


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


@contextlib.contextmanager
def browsing(profile):
  """A browser that asks nothing but the page."""
  webdriver = pytest.importorskip('selenium.webdriver')
  if not (CHROMIUM and DRIVER):
    pytest.skip('There is no Chromium with its driver.')
  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for argument in (
    *('headless', 'no-sandbox', 'disable-gpu', 'disable-quic'),
    *('no-first-run', 'disable-background-networking', 'disable-sync'),
    *('disable-component-update', 'disable-dev-shm-usage'),
    *('window-size=1200,1400', f'user-data-dir={profile}'),
  ):
    options.add_argument(f'--{argument}')
  driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  driver.implicitly_wait(5)
  try:
    yield Page(driver)
  finally:
    driver.quit()


class Page:
  """What a person does on the page, and sees there."""

  def __init__(self, driver):
    self.driver = driver
    self.find = lambda css: driver.find_elements('css selector', css)

  def open(self, url):
    self.driver.get(url)
    assert self.wait_for_one('[role=tabpanel]')

  def upload(self, place, files: list[Path]):
    self.find('input[type=file]')[place].send_keys('\n'.join(map(str, files)))

  def draw(self, place, *offsets):
    from selenium.webdriver import ActionChains

    canvas = self.find('canvas')[place]
    self.driver.execute_script('arguments[0].scrollIntoView()', canvas)
    hand = ActionChains(self.driver, duration=20)
    hand.move_to_element_with_offset(canvas, *offsets[0]).click_and_hold()
    for offset in offsets[1:]:
      hand.move_to_element_with_offset(canvas, *offset)
    hand.release().perform()

  def rename(self, place, name):
    field = self.find('.name')[place]
    field.clear()
    field.send_keys(name)

  def classify(self):
    self.find('#classify')[0].click()

  def wait_for(self, css):
    from selenium.webdriver.support.wait import WebDriverWait

    def text(_):
      return [e.text for e in self.find(css) if e.text]

    return WebDriverWait(self.driver, 30).until(text)

  def wait_for_one(self, css):
    """The first that is shown."""
    from selenium.webdriver.support.wait import WebDriverWait

    def shown(_):
      return next((e for e in self.find(css) if e.is_displayed()), None)

    return WebDriverWait(self.driver, 30).until(shown)

  def wait_until_account_has(self, words):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(self.driver, 30).until(
      lambda _: words in self.find('#account')[0].text
    )

  def error(self):
    return self.wait_for('#error')[0]

  def probabilities(self):
    rows = self.wait_for('#probabilities tr')
    return {name: float(share) for name, share, _ in map(str.split, rows)}
