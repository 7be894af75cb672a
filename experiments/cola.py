"""Images of small samples by COLA, and what a classifier learns from them.

For example, with ten images of each class:

python experiments/cola.py --config=configs/cola/cifar10.py:scola \
  --config.small_sample.shots=10 --data_dir=PREPARED_TFDS_DATA \
  --workdir=runs/scola
"""

from experiments.run import large_pages

if __name__ == '__main__':
  large_pages.start_again()
  # Not before, as these import JAX.
  from experiments.run import app
  from experiments.systems import cola

  app.start(cola.system())
