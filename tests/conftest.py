"""One undisturbed run of the smoke recipe, shared by the tests that compare with it."""

import pytest
import runs
import tiny_recipe


@pytest.fixture(scope="session")
def port():
    return runs.free_port()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, port):
    folder = tmp_path_factory.mktemp("undisturbed")
    done = runs.run("pipeline", *runs.recipe(folder, port))
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory):
    """Articles, corpus and base of ``tiny_recipe``; copy the folder before training in it."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny_recipe.write_lines(folder)
    for command in ("collect", "prepare", "train"):
        done = tiny_recipe.korpu(folder, command, *tiny_recipe.words(folder))
        assert done.code == 0, done.err
    return folder
