"""Trains a classifier on a folder of few pictures, and says how good it is.

For example, with five pictures or so of each class, two at the least:

python experiments/small_sample.py --images=FOLDER --workdir=runs/mine

FOLDER has one sub-folder a class, and nothing else. The accuracy to expect is
measured by cross-validation, and `report.html` shows what was given, what was
made of it and what is confused. The model is in the workdir, and
`experiments/classify.py --model=runs/mine/model --queries=OTHERS --out=OUT`
uses it. The same command goes on from where it stopped; --helpshort names the
flags.
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import command
  from experiments.systems import small_sample_command

  command.start(
    small_sample_command.define_flags,
    small_sample_command.work,
    ['images', 'workdir'],
  )
