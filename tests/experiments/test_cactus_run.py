"""CACTUs, from its real config, shrunk."""

import shutil

import numpy as np
import pytest
from whole_program import (
  assert_same_run,
  config_of,
  final_states,
  go_through,
  interrupted,
  metrics,
  random_splits,
  results,
  shrink,
)

from experiments.run.app import settings_of
from experiments.run.config import BadConfig
from experiments.stages import meta, partitions
from experiments.systems import class_size, lasium
from experiments.systems.exports import export
from lasium_jax import models
from lasium_jax.data import Dataset

RUN = 'lasium/glyphs.py:cactus-autoencoder-protonets'
CLASSES, EACH = 8, 10
SMALL = {
  'data.size': 16,
  'meta.validate_every': 0,
  'tasks.ways': 3,
  'tasks.queries': 2,
  'partitions.number': 4,
  'partitions.clusters': CLASSES,
  'floors.scratch.judge': False,  # Which has tests of its own.
}


def splits():
  """Plain images of so many brightnesses, which any encoder tells apart."""
  light = np.linspace(0, 255, CLASSES).astype(np.uint8).repeat(EACH)
  images = np.broadcast_to(light[:, None, None, None], (80, 16, 16, 1)).copy()
  labels = np.repeat(np.arange(CLASSES, dtype=np.int32), EACH)
  train = Dataset(images, labels, tuple('abcdefgh'))
  return random_splits(16)._replace(train=train)


def settings(run=RUN, **fields):
  config = config_of(run)
  config.update_from_flattened_dict(shrink(config, **SMALL | fields))
  return settings_of(config, lasium.system())


def finish(workdir, run=RUN, **fields):
  """Goes through all stages in this process."""
  go_through(workdir, settings(run, **fields), splits())


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
  workdir = tmp_path_factory.mktemp('cactus')
  finish(workdir)
  return workdir


def test_images_are_partitioned_by_their_codes(finished):
  """Each way of weighing tells so different images apart."""
  (found,) = final_states(finished)[partitions.NAME].values()
  assert found.shape == (4, CLASSES * EACH)
  for labels in found:
    # Equal images are in one cluster, or in none.
    for images in labels.reshape(CLASSES, EACH):
      assert len({*images.tolist()}) == 1
  entries = [m for m in metrics(finished) if m['stage'] == partitions.NAME]
  assert [entry['step'] for entry in entries] == [1, 2, 3, 4]
  for entry in entries:
    assert 3 <= entry['clusters'] <= CLASSES
    assert entry['covered'] > 0.5
  (found,) = results(finished)
  assert found['name'] == 'cactus-autoencoder-protonets'
  page = (finished / 'report.html').read_text()
  for words in ('Clusters of partition 3', 'one cluster in each row'):
    assert words in page
  assert not (finished / 'anchors.json').exists()


def test_it_resumes_bit_for_bit_between_partitions(finished, tmp_path, capsys):
  again = interrupted(finished, tmp_path / 'run', partitions.NAME)
  shutil.rmtree(again / 'checkpoints' / meta.NAME)
  finish(again)
  assert 'partitions: going on from step' in capsys.readouterr().out
  assert_same_run(again, finished)


def test_omniglots_runs_have_the_codes_partitions_and_no_augmentation():
  own = settings('lasium/omniglot.py:cactus-acai-maml')
  config = config_of('lasium/omniglot.py:cactus-acai-maml')
  assert config.partitions.to_dict() == {'number': 100, 'clusters': 500}
  assert config.tasks.ways == config.evaluation.ways == 5
  assert own['augment']['shift'] == (0, 0)
  protonets = config_of('lasium/omniglot.py:cactus-vae-protonets-released')
  assert (protonets.tasks.ways, protonets.tasks.queries) == (20, 15)


def test_photographs_are_partitioned_as_mini_imagenet_and_not_augmented():
  config = config_of('lasium/cifar_fs.py:cactus-vae-protonets')
  own = settings_of(config, lasium.system())
  assert not own['augment']['views']
  assert own['tasks']['ways'] == 5 and own['partitions']['number'] == 50


def test_the_first_partition_alone_is_by_the_codes_as_they_are(
  tmp_path, monkeypatch
):
  weighed, plain = [], partitions.kmeans_clusters

  def spy(*args, **kwargs):
    weighed.append(kwargs['weighed'])
    return plain(*args, **kwargs)

  monkeypatch.setattr(partitions, 'kmeans_clusters', spy)
  finish(tmp_path, **{'partitions.number': 3})
  assert weighed == [False, True, True]


def test_a_learner_of_partitions_is_exported_and_says_so(finished, tmp_path):
  export(finished, tmp_path / 'learner', 'learner')
  card = models.load_model(tmp_path / 'learner').card
  assert card['training']['partitions'] == {'number': 4, 'clusters': CLASSES}
  assert card['training']['labels'] is False


def test_no_class_is_sampled_in_a_latent_space(finished):
  with pytest.raises(BadConfig, match='samples no classes in a latent space'):
    class_size.explore(finished, None, 0.85)


@pytest.mark.parametrize('run', ['cactus-maml', 'cactus-msgan-maml'])
def test_runs_that_have_nothing_to_cluster_are_none(run):
  with pytest.raises(ValueError, match=r'cactus-\{vae,variational,'):
    config_of(f'lasium/glyphs.py:{run}')


@pytest.mark.parametrize(
  ('fields', 'said'),
  [
    ({'partitions.clusters': 2}, 'config.tasks.ways, 3, or more'),
    ({'partitions.clusters': 30}, 'at most 26: there are 80 training images'),
    ({'partitions.number': 0}, 'config.partitions.number'),
    (
      {'tasks.name': 'lasium'},
      "made of a generator's images, and those of this run of clusters of",
    ),
  ],
)
def test_what_cannot_be_is_refused_before_any_work(fields, said, tmp_path):
  with pytest.raises(ValueError, match=said):
    finish(tmp_path, **fields)
  assert not (tmp_path / 'checkpoints').exists()


def test_a_generator_must_encode():
  own = settings('lasium/glyphs.py:cactus-vae-protonets')
  gan = config_of('lasium/glyphs.py:n-msgan-maml')
  own['generator'] = gan.generator.to_dict()
  with pytest.raises(BadConfig, match="'msgan', which has no encoder"):
    lasium.build(own)


def test_too_few_clusters_of_a_task_are_an_error(tmp_path):
  """One color alone makes one cluster."""
  with pytest.raises(BadConfig, match='1 of 8 clusters have at least 3 images'):
    flat = splits()
    flat.train.images[:] = 0
    go_through(tmp_path, settings(), flat)
