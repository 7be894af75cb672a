"""The numbers of Boutin et al.: one drawing of a character, and others like it.

They are those of "Diffusion Models as Artists: Are we Closing the Gap between
Humans and Machines?" (ICML 2023), which judges as *Diversity vs.
Recognizability* (NeurIPS 2022) does and has a normalized diversity. All are
read off its figure 2, to within 0.02. Of its models those are here of which
configs/one_shot/ has a run; people's drawings are the real images of a run. Its
networks and its critics are others, and so is the scale of its diversity.
"""

from typing import Any

from experiments.papers.numbers import Condition, Number

TABLE = 'Boutin et al. 2023 Figure 2'
RECOGNIZABILITY = 'recognizability'
SHARE = 'diversity, of that of all characters'

# Recognizability and diversity, by the generator; None is what people drew.
FIGURE_2: dict[str | None, tuple[float, float]] = {
  None: (0.975, 0.39),
  'statistician': (0.85, 0.56),
  'dagan': (0.88, 0.09),
}
READ = Condition('read off a figure')
CONDITIONS = (
  READ,
  Condition('images seen of 50x50', ({'critics.size': 50},)),
  Condition('one seed', ({'protocol.seeds': 1},)),
)
OF_MODELS = (
  Condition('images made of 50x50', ({'data.size': 50},)),
  Condition('another network'),
)
OF_METRICS = {
  RECOGNIZABILITY: (
    Condition('20 ways', ({'protocol.ways': 20},)),
    Condition('another recognizer'),
  ),
  SHARE: (
    Condition('20 images a character', ({'protocol.images of each': 20},)),
    Condition('another embedding and scale of diversity'),
  ),
}


def _number(generator: str | None, metric: str, value: float) -> Number:
  required: dict[str, Any] = {
    'result.metric': metric,
    'result.dataset': 'omniglot',
    'evaluation_data.classes': 'first_characters',
    'evaluation_data.split': 'test',
    'result.floor': None if generator else 'real',
  }
  if generator:
    required['borrowed.generator'] = generator
  models = OF_MODELS if generator else ()
  conditions = (*CONDITIONS, *models, *OF_METRICS[metric])
  return Number(TABLE, value, None, required, conditions)


NUMBERS = tuple(
  _number(generator, metric, value)
  for generator, values in FIGURE_2.items()
  for metric, value in zip(OF_METRICS, values, strict=True)
)
