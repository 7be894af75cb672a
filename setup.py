"""Packaging; pyproject.toml holds only the settings of tools."""

from pathlib import Path

from setuptools import find_packages, setup

README = Path(__file__).with_name('README.md')

# Tested with the versions of constraints.txt, which are the lower bounds here;
# the upper bounds are the next releases that may break something.
setup(
  name='lasium_jax',
  version='0.2.0',
  description='Unsupervised meta-learning and few-shot learning in JAX',
  long_description=README.read_text(encoding='utf-8'),
  long_description_content_type='text/markdown',
  author='The lasium_jax authors',
  license_expression='Apache-2.0',
  license_files=['LICENSE'],
  keywords=[
    'few-shot learning',
    'generative models',
    'JAX',
    'latent space',
    'machine learning',
    'meta-learning',
    'unsupervised learning',
  ],
  classifiers=[
    'Development Status :: 3 - Alpha',
    'Intended Audience :: Science/Research',
    'Operating System :: POSIX',
    'Programming Language :: Python :: 3',
    'Programming Language :: Python :: 3 :: Only',
    'Programming Language :: Python :: 3.11',
    'Programming Language :: Python :: 3.12',
    'Programming Language :: Python :: 3.13',
    'Topic :: Scientific/Engineering :: Artificial Intelligence',
    'Typing :: Typed',
  ],
  python_requires='>=3.11,<3.14',
  # The library alone. `experiments`, `configs` and `benchmarks` are run from a
  # clone: where `package_dir` is given, an editable installation puts the whole
  # clone on Python's path, and else only what is packaged.
  package_dir={'': '.'},
  packages=find_packages(include=['lasium_jax', 'lasium_jax.*']),
  package_data={'lasium_jax': ['py.typed']},
  install_requires=[
    'chex>=0.1.92,<0.2',
    'flax>=0.12.8,<0.13',
    'jax>=0.10.2,<0.12',
    'numpy>=2.4,<3',
    'optax>=0.2.8,<0.3',
    # Sparse similarities of a clustering; JAX depends on it too.
    'scipy>=1.17,<2',
  ],
  extras_require={
    # The entry points: configs, checkpoints, records, pictures.
    'experiments': [
      'absl-py>=2.5,<3',
      'matplotlib>=3.11,<4',
      'ml-collections>=1.1,<2',
      'orbax-checkpoint>=0.12.8,<0.13',
      'pillow>=13,<14',
      # The k-means of CACTUs, and the number of its threads.
      'scikit-learn>=1.9,<2',
      'tensorboardX>=2.6.5,<3',
      'threadpoolctl>=3.6,<4',
      'tqdm>=4.70,<5',
    ],
    # Folders of image files.
    'folder': ['pillow>=13,<14', 'tqdm>=4.70,<5'],
    # Omniglot and other prepared data sets; reading them needs no TensorFlow.
    'tfds': ['pillow>=13,<14', 'tensorflow-datasets>=4.9.10,<5'],
    # lasium_jax.FewShotClassifier; models as files, whose format cannot hold
    # code and is read in other languages too.
    'classifier': [
      'pillow>=13,<14',
      'safetensors>=0.8,<0.9',
      'scikit-learn>=1.9,<2',
    ],
    # The page on which to try a model. Not Gradio, whose latest release (6.31)
    # refuses Pillow 13.
    'demo': [
      'absl-py>=2.5,<3',
      'pillow>=13,<14',
      'safetensors>=0.8,<0.9',
      'scikit-learn>=1.9,<2',
      'starlette>=1.10,<2',
      'uvicorn>=0.54,<0.55',
    ],
    # The built-in set: typefaces, and drawing with them.
    'glyphs': [
      'matplotlib>=3.11,<4',
      'pillow>=13,<14',
      'scipy>=1.17,<2',
    ],
    # What speed is compared with, and the plot.
    'benchmarks': ['matplotlib>=3.11,<4', 'torch>=2.13,<2.14'],
    'test': [
      'mypy>=2.4,<3',
      'pytest>=9.2,<10',
      'pytest-xdist>=3.8,<4',
      'ruff>=0.17.5,<0.18',
      'scipy>=1.17,<2',
      # The page in a real browser; speaks to the system's own, fetches none.
      'selenium>=4.51,<5',
      # The wheel, and the files beside it.
      'packaging>=26.3,<27',
      'pyyaml>=6.0.3,<7',
      'setuptools>=77,<85',
    ],
  },
)
