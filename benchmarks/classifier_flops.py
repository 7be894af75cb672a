"""Operations of ordinary classifiers' layers, counted as in `flops`.

Where a block has a convolution for its shortcut, it comes last in the block. It
is never the first layer, whose input is data.
"""

from benchmarks.flops import Layers, Shape, conv, dense

Size = tuple[int, int]


def resnet(shape: Shape, classes: int, *, depth: int, width: int) -> Layers:
  """The layers of `lasium_jax.nets.resnet`; shortcuts have none."""
  layers = [conv(shape[:2], 3, shape[2], width)]
  widths = [width * 2**stage for stage in range(3)]
  layers += _stages(shape[:2], width, widths, (depth - 2) // 6, projected=False)
  return (*layers, dense(widths[-1], classes))


def wide_resnet(
  shape: Shape, classes: int, *, depth: int, width: int
) -> Layers:
  """The layers of `lasium_jax.nets.wide_resnet`."""
  layers = [conv(shape[:2], 3, shape[2], 16)]
  widths = [16 * width * 2**stage for stage in range(3)]
  layers += _stages(shape[:2], 16, widths, (depth - 4) // 6, projected=True)
  return (*layers, dense(widths[-1], classes))


def resnet18(shape: Shape, classes: int, *, width: int) -> Layers:
  """The layers of `lasium_jax.nets.resnet18`; pooling pads all sides by one."""
  layers = [conv(shape[:2], 3, shape[2], width)]
  pooled = shape[0] // 2 + 1, shape[1] // 2 + 1
  widths = [width * 2**stage for stage in range(4)]
  layers += _stages(pooled, width, widths, 2, projected=True)
  return (*layers, dense(widths[-1], classes))


def _stages(
  size: Size, inputs: int, widths: list[int], blocks: int, *, projected: bool
) -> list[int]:
  """Stages of basic blocks, of which each but the first halves the image."""
  layers = []
  for stage, outputs in enumerate(widths):
    if stage:
      size = -(-size[0] // 2), -(-size[1] // 2)
    for _ in range(blocks):
      layers.append(conv(size, 3, inputs, outputs))
      layers.append(conv(size, 3, outputs, outputs))
      if projected and inputs != outputs:
        layers.append(conv(size, 1, inputs, outputs))
      inputs = outputs
  return layers
