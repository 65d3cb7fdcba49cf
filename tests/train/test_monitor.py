"""Directions that are not trained are scored, told and warned of, and choose nothing."""

from dataclasses import replace

import pytest

import train
from korpu.errors import UsageError
from korpu.schema import Monitor
from train import monitor, reload, tracking, validation

BOTH = ("held azj_Latn-uzn_Latn", "held uzn_Latn-azj_Latn")


@pytest.fixture
def files(tmp_path):
    (tmp_path / "az").write_text("bir gün\nhava\nteatr\n", "utf-8")
    (tmp_path / "uz").write_text("bir kun\nhavo\nteatr\n", "utf-8")
    return Monitor(str(tmp_path / "az"), str(tmp_path / "uz"), "azj_Latn", "uzn_Latn", lines=2)


@pytest.fixture
def run(recipe, prepared, tmp_path, monkeypatch, files):
    monkeypatch.setattr(reload, "check", lambda *_: 0)

    def go(**changes):
        settings = {"steps": 4, "validate_every": 2, "monitor": {"held": files}, **changes}
        changed = replace(recipe, base=replace(recipe.base, **settings))
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        out.mkdir()
        stats = train.run_base(changed, prepared, out).stats
        return tracking.read(out / "metrics.jsonl")[0], stats, out

    return go


def test_it_is_scored_before_the_first_step_and_at_every_validation(run):
    records, stats, out = run()
    watched = {r["step"]: r["chrf_pp_monitor"] for r in records if "chrf_pp_monitor" in r}
    assert list(watched) == [0, 2, 4]
    assert all(tuple(scores) == BOTH for scores in watched.values())
    chosen = watched[stats["chosen_step"]]
    expected = {name: pytest.approx(chosen[name] - watched[0][name], abs=1e-3) for name in BOTH}
    assert stats["forgetting"] == expected
    assert "What it forgets" in (out / "report.html").read_text("utf-8")


def test_it_changes_no_loss_and_no_choice(run):
    watched, stats, _ = run()
    alone, other, _ = run(monitor={})

    def plain(records):
        skipped = (*tracking.MEASURED, "chrf_pp_monitor")
        found = [{k: v for k, v in r.items() if k not in skipped} for r in records]
        return [record for record in found if record["step"]]

    assert plain(watched) == plain(alone)
    assert stats["chosen_step"] == other["chosen_step"]
    assert "forgetting" not in other


def test_a_loss_of_more_than_it_may_forget_is_warned_of(run, monkeypatch, capsys):
    left = iter([50.0, 47.5, 40.0])

    def score(_model, _tokenizer, of, *_):
        if BOTH[0] in of:
            return dict.fromkeys(BOTH, next(left))
        return dict.fromkeys(of, 30.0)

    monkeypatch.setattr(validation, "score", score)
    _, stats, _ = run(forget=3.0)
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "forgets" in line)
    assert f"{BOTH[0]} -10.0" in line and "base.forget=3.0" in line and "mix_share" in line
    assert stats["chosen_step"] == 2  # the first of two equal scores
    assert stats["forgetting"] == dict.fromkeys(BOTH, -2.5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tgt_lang": "eng_Latn"}, "no language code 'eng_Latn'"),
        ({"tgt_lang": "xyz"}, "unknown language 'xyz'"),
        ({"lines": 0}, r"base\.monitor\.held: .*0 are asked for"),
        ({"src": "/nowhere/az"}, r"base\.monitor\.held\.src: there is no file /nowhere/az"),
    ],
)
def test_what_cannot_be_monitored_is_said_before_the_first_step(run, files, change, sentence):
    with pytest.raises(UsageError, match=sentence):
        run(monitor={"held": replace(files, **change)})


def test_files_of_unequal_length_are_refused(recipe, files, tmp_path):
    (tmp_path / "uz").write_text("bir\n", "utf-8")

    class Known:
        unk_token_id, all_special_tokens = 3, ("azj_Latn", "uzn_Latn")

        def convert_tokens_to_ids(self, code):
            return 7 if code in self.all_special_tokens else 3

    wanted = replace(recipe.train, monitor={"held": files})
    with pytest.raises(UsageError, match=r"train\.monitor\.held: .*az has 3 lines, .*uz 1"):
        monitor.sentences(wanted, "train", Known())
