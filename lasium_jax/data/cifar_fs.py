"""CIFAR-FS: CIFAR-100's classes, divided for few-shot learning.

The division is of Bertinetto et al. (2019), Meta-learning with differentiable
closed-form solvers: 64 classes to train on, 16 for validation, 20 for the test,
each of CIFAR-100's 600 images, its training and test images together.
"""

from lasium_jax.data.dataset import Dataset, Splits
from lasium_jax.data.splits import named_split

VALIDATION = (
  *('beaver', 'otter', 'flatfish', 'shark', 'lamp', 'television', 'beetle'),
  *('butterfly', 'sea', 'camel', 'cattle', 'crab', 'crocodile', 'maple_tree'),
  *('motorcycle', 'tractor'),
)
TEST = (
  *('whale', 'poppy', 'rose', 'sweet_pepper', 'telephone', 'bed', 'table'),
  *('wardrobe', 'leopard', 'plain', 'chimpanzee', 'fox', 'snail', 'worm'),
  *('baby', 'man', 'woman', 'bicycle', 'pickup_truck', 'rocket'),
)


def cifar_fs_split(dataset: Dataset) -> Splits:
  """The division of Bertinetto et al. (2019).

  Args:
    dataset: CIFAR-100, its classes named as TFDS names them.

  Returns:
    64, 16 and 20 classes.

  Raises:
    ValueError: if the data set is another.
  """
  return named_split(dataset, VALIDATION, TEST)
