import subprocess
import sys

import pytest

import learn
from graphdb.errors import ZooError
from learn import BASELINES, DEFAULT, learner_names, make_learner


def test_public_names_are_these() -> None:
    assert set(learn.__all__) == {
        "AGGREGATES",
        "BASELINES",
        "Coverage",
        "DEFAULT",
        "Fitted",
        "Learner",
        "Prediction",
        "Ranking",
        "Result",
        "evaluate",
        "fingerprint",
        "learner_names",
        "load_learner",
        "make_learner",
        "pool_coverage",
        "save_learner",
    }
    assert all(getattr(learn, name) is not None for name in learn.__all__)


def test_importing_it_and_ranking_with_it_loads_no_torch() -> None:
    code = (
        "import sys, learn, learn.metrics, learn.baselines, learn.pairs, learn.evaluation\n"
        "heavy = {'torch', 'torch_geometric', 'xgboost', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "import learn.ranking, learn.artifact\n"
        "heavy = {'torch', 'torch_geometric'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", learner_names())
def test_every_name_makes_a_learner_of_that_name(name: str) -> None:
    assert make_learner(name).name == name


def test_a_name_that_does_not_exist_is_one_clear_line() -> None:
    with pytest.raises(ZooError, match=r"No learner 'inductiv'\. Did you mean 'inductive'\?"):
        make_learner("inductiv")
    with pytest.raises(ZooError, match="No setting 'speed'"):
        make_learner(DEFAULT, speed=3)
    with pytest.raises(ZooError, match="has no settings"):
        make_learner(BASELINES[0], folds=3)
