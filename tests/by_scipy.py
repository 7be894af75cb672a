"""Affine maps of images by SciPy, beside which ours are."""

import numpy as np
import scipy.ndimage


def mapped(image, rotation, translation, scale, shear=0.0, stretch=1.0):
  """The map of one channel, its matrix written as SciPy takes it."""
  height, width = image.shape
  cosine, sine = np.cos(rotation), np.sin(rotation)
  turned = np.array([[cosine, sine], [-sine, cosine]]) / scale
  stretched = np.diag([stretch, 1 / stretch])
  slanted = np.array([[1, 0], [shear, 1]])
  backward = slanted @ stretched @ turned
  middle = (np.array([height, width]) - 1) / 2
  moved = np.asarray(translation) * [height, width]
  return scipy.ndimage.affine_transform(
    image,
    backward,
    middle - backward @ (middle + moved),
    order=1,
    mode='grid-constant',
  )
