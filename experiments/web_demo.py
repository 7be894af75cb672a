"""A page on which to try a model: draw or upload examples, then a query.

For example:

python experiments/web_demo.py --model=models/demo \
  --generator=models/interpolative

Both are folders that experiments/export.py wrote, and one of them is enough: a
learner classifies, a generator makes new images of what it is shown. Only this
machine can open the page, unless --host says otherwise. Pictures stay in memory
until they are answered; nothing is sent to anywhere else.
"""

from typing import Any

from absl import flags

from experiments.applications.web_answer import MAX_CLASSES
from experiments.run import command


def define_flags() -> None:
  flags.DEFINE_string('model', None, 'A learner that export.py wrote.')
  flags.DEFINE_string('generator', None, 'A generator that it wrote.')
  flags.DEFINE_string(
    'host', '127.0.0.1', 'The address to listen at; 0.0.0.0 is open to all.'
  )
  flags.DEFINE_integer(
    'port', 7860, 'The port to listen at; 0 for a free one.', 0, 65_535
  )
  flags.DEFINE_integer('classes', 5, 'How many to begin with.', 2, MAX_CLASSES)


def work(given: Any) -> None:
  # Here, so that without its packages there is one message and no traceback.
  from experiments.applications import web_offers, web_server

  offers = web_offers.offers(given.model, given.generator, given.classes)
  web_server.run(offers, given.host, given.port)


if __name__ == '__main__':
  command.start(define_flags, work, [])
