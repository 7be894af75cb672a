"""Small data sets, written in the layouts in which large ones are published."""

import numpy as np
from PIL import Image

BIRDS = ('airplane', 'bird', 'car')
# Identifiers in the order of wnids.txt, which is not that of names.
WORDS = {
  'n03444034': 'go-kart',
  'n01443537': 'goldfish, Carassius auratus',
  'n02012849': 'crane',
  'n03126707': 'crane',
}


def write_stl10(folder, sizes, *, split='train', names=BIRDS):
  """`sizes` images of each class, class by class but in turns; all noise.

  Returns the images `[n, 96, 96, 3]` and their labels from 1, as written.
  """
  folder.mkdir(parents=True, exist_ok=True)
  labels = [label for label, size in enumerate(sizes, 1) for _ in range(size)]
  rng = np.random.default_rng(sizes)
  labels = rng.permutation(np.array(labels, np.uint8))
  blocks = rng.integers(0, 256, (len(labels), 12, 12, 3), np.uint8)
  images = blocks.repeat(8, 1).repeat(8, 2)
  with (folder / f'{split}_X.bin').open('wb') as file:
    for image in images:
      for channel in range(3):
        for column in range(96):
          file.write(bytes(image[:, column, channel].tolist()))
  (folder / f'{split}_y.bin').write_bytes(bytes(labels.tolist()))
  (folder / 'class_names.txt').write_text('\n'.join(names) + '\n')
  return images, labels


def level(identifier, number):
  """The gray level of an image of Tiny ImageNet, which tells it from others."""
  return 10 + 60 * list(WORDS).index(identifier) + 5 * number


def write_tiny_imagenet(folder, *, train=3, validation=2):
  """So many images of each of the classes of `WORDS`, each of one level."""
  (folder / 'val/images').mkdir(parents=True)
  (folder / 'wnids.txt').write_text('\n'.join(WORDS))
  lines = [f'{identifier}\t{words}' for identifier, words in WORDS.items()]
  lines = ['n00001740\tentity', *sorted(lines)]
  (folder / 'words.txt').write_text('\n'.join(lines) + '\n')
  for identifier in WORDS:
    place = folder / 'train' / identifier
    (place / 'images').mkdir(parents=True)
    names = [f'{identifier}_{number}.JPEG' for number in range(train)]
    for number, name in enumerate(names):
      _gray(level(identifier, number)).save(place / 'images' / name, 'JPEG')
    boxes = [f'{name}\t0\t10\t63\t58\n' for name in names]
    (place / f'{identifier}_boxes.txt').write_text(''.join(boxes))
  annotations = []
  for number in range(validation):
    for identifier in sorted(WORDS):
      name = f'val_{len(annotations)}.JPEG'
      image = _gray(level(identifier, number))
      image.save(folder / 'val/images' / name, 'JPEG')
      annotations.append(f'{name}\t{identifier}\t0\t32\t44\t62\n')
  (folder / 'val/val_annotations.txt').write_text(''.join(annotations))


def _gray(level):
  """Some of the real ones are gray, too."""
  return Image.new('L', (64, 64), level)
