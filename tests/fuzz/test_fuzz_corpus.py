"""Inputs that once crashed a reader, or that cover most of it, are read or raise our errors."""

import pytest
from fuzz.seeds import CORPUS, kept, seeds
from fuzz.targets import TARGETS, try_target

# A larger corpus would slow down every clone, so inputs are small or compressed.
_MOST_BYTES = 300_000


@pytest.mark.parametrize(
    ("target", "name"),
    [(target, name) for target in TARGETS for name, _ in kept(target)],
)
def test_corpus_inputs_do_not_crash(target, name):
    try_target(target, dict(kept(target))[name])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.filterwarnings("ignore")
def test_each_target_reads_a_sound_input(target, tmp_path):
    """A target that refuses every input could not find a crash."""
    TARGETS[target](seeds(target)[0], str(tmp_path))


def test_the_corpus_is_small_and_every_folder_has_its_target():
    files = [file for file in CORPUS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < _MOST_BYTES
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)
