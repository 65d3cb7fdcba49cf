"""The front door: `korpu COMMAND [overrides]`.

Nothing heavy is imported before a command needs it, so that `korpu --help` is instant. Commands
that compose a recipe hand their words to Hydra, whose every feature works behind them; Hydra
itself always exits 1 on an error, so its errors are caught here and given the exit table's codes.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from korpu import __version__
from korpu.errors import BUG, DONE, STOPPED, USAGE, Stopped, StoppedElsewhere
from korpu.verdict import verdict

RECIPE_COMMANDS = {
    "collect": "fetch news sites and files into articles",
    "prepare": "turn articles into a clean corpus of sentence pairs",
    "train": "train an adapter (for model=tiny, its base first)",
    "evaluate": "translate and score the test sets",
    "gate": "fail where the model is measurably worse than its baseline",
    "release": "merge, export, prove equal, publish a bundle",
    "pipeline": "all of these in order, skipping what is done",
    "plan": "show the stages of a recipe and what is missing",
    "doctor": "check this machine, and what a first fetch of each source shows",
}
ACTIONS = {  # done on a command's recipe in place of its stages; `module:function(recipe, value)`
    "collect": {
        "stage": "data_prep.collect.again:extract_action",
        "forget": "data_prep.collect.forget:forget_action",
        "merge": "data_prep.collect.merge:merge_action",
    },
    "prepare": {
        "export": "data_prep.bitext.export:export_action",
    },
    "train": {
        "shares": "train.shares:shares_action",
    },
    "evaluate": {
        "synthesize": "eval.synthesis:synthesize_action",
        "review": "eval.review:review_action",
    },
    "release": {
        "list": "release.registries.actions:list_action",
        "fetch": "release.registries.actions:fetch_action",
        "alias": "release.registries.actions:alias_action",
        "yank": "release.registries.actions:yank_action",
        "hold": "release.registries.actions:hold_action",
        "drop": "release.registries.actions:drop_action",
        "gc": "release.registries.actions:gc_action",
        "verify": "release.verification:verify_action",
        "unpack": "release.unpack:unpack_action",
    },
}
OPTIONS = {  # further words of an action, its keyword arguments
    "export": ("format", "all"),
    "synthesize": ("direction", "system", "side"),
    "review": ("report", "systems", "direction", "count", "file"),
    "fetch": ("force",),
    "alias": ("to", "expected"),
    "yank": ("reason",),
    "hold": ("holder",),
    "drop": ("holder",),
    "gc": ("keep", "apply"),
    "verify": ("key",),
    "unpack": ("to",),
}
WORD_COMMANDS = {  # name=value words, no recipe; `module:function` taking the words
    "translate": ("translate text with a published bundle", "release.translate:main"),
    "reproduce": ("show, and run again, what made a bundle", "release.reproduce:main"),
    "status": ("show what is running, from another terminal", "korpu.status:main"),
    "text": ("normalize, identify, segment … lines of stdin", "data_prep.text.command:main"),
    "bench": ("measure a room's speed against a named peer", "korpu.bench:main"),
}
HELP = f"""korpu {__version__}: translation models between Azerbaijani and Uzbek

  korpu COMMAND [group=choice] [key=value] …

Commands that read a recipe (configs/):
{{recipe}}

Others:
{{words}}

  korpu COMMAND --help           the recipe's groups and values
  korpu train --cfg job          the recipe as composed
  korpu train -m hydra/sweeper=optuna 'train.lr=interval(1e-4,1e-2)'   a sweep
  korpu pipeline                 everything, on the bundled synthetic newsroom
  korpu collect stage=extract    the pages that are here once more, nothing fetched
  korpu collect merge=DIR,DIR    join what source.shard=1/2 and 2/2 made
  korpu collect forget=URL       leave an article out of later snapshots
  korpu prepare export=DIR       the corpus as text and TMX, what may be handed on of it
  korpu train shares=1,2,5       what an epoch is made of, at these temperatures
  korpu evaluate synthesize=FILE direction=uzn_Latn-azj_Latn
                                 people's text and the model's translation of it, as a source
  korpu evaluate review=export   a page on which people score outputs, not knowing whose
  korpu evaluate review=import file=review-AB.json   what they gave, in the report
  korpu release list=NAME        versions, aliases, locks and withdrawals (list=all: the names)
  korpu release alias=NAME@production to=1.0.0   let it stand for another version: a rollback
  korpu release yank=NAME@1.0.1 reason='…'       withdraw a version; its record stays
  korpu release gc=NAME keep=3   what nothing holds any more; apply=true deletes it
  korpu release verify=BUNDLE key=PUBLIC
                                 every hash of a bundle, and whose signature it has
  korpu release unpack=FILE to=DIR   a bundle that came as a .zip or .tar, when it is whole
  --debug                        a traceback with an error
  eval "$(korpu -sc install=bash)"   shell completion

Exit codes: 0 done · 1 the work says no · 2 usage · 3 not comparable · 4 infrastructure
            70 our bug · 75 stopped, run it again to continue
"""


def main() -> None:
    """The console command."""
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run one command line; returns its exit code. Never raises but for SystemExit of Hydra."""
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    _listen()
    try:
        return _dispatch(words)
    except Stopped as stopped:
        return _end(f"stopped by {stopped.signal_name}; run it again to continue", STOPPED, debug)
    except KeyboardInterrupt:
        return _end("stopped by SIGINT; run it again to continue", STOPPED, debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        ended = verdict(error)
        return _end(ended[1], ended[0], debug) if ended else _bug(error)


def _end(sentence: str, code: int, debug: bool) -> int:
    from korpu.log import say

    say(f"korpu: {sentence}")
    if debug:
        traceback.print_exc()
    return code


def _bug(error: BaseException) -> int:
    traceback.print_exc()
    print(f"korpu: this is a bug in korpu: {type(error).__name__}: {error}", file=sys.stderr)
    return BUG


def _listen() -> None:
    """SIGTERM, SIGINT and SIGHUP end a command between two durable steps, with exit code 75."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise Stopped(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)


def _dispatch(words: list[str]) -> int:
    if words[:1] == ["-sc"]:
        return _completion(words)
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help(), end="")
        return DONE if words else USAGE
    if words[0] == "--version":
        print(__version__)
        return DONE
    command, rest = words[0], words[1:]
    if command in RECIPE_COMMANDS:
        return _with_recipe(command, rest)
    if command in WORD_COMMANDS:
        module, _, name = WORD_COMMANDS[command][1].partition(":")
        function: Callable[[list[str]], int] = getattr(importlib.import_module(module), name)
        return function(rest)
    import difflib

    near = difflib.get_close_matches(command, [*RECIPE_COMMANDS, *WORD_COMMANDS], n=1)
    hint = f"did you mean {near[0]}?" if near else "see `korpu --help`"
    return _end(f"there is no command {command!r}; {hint}", USAGE, debug=False)


def _help() -> str:
    def table(rows: dict[str, str]) -> str:
        return "\n".join(f"  {name:<10} {what}" for name, what in rows.items())

    words = {name: what for name, (what, _) in WORD_COMMANDS.items()}
    return HELP.format(recipe=table(RECIPE_COMMANDS), words=table(words))


def _with_recipe(command: str, words: list[str]) -> int:
    """Compose the recipe through Hydra and run a command on it.

    Hydra throws away what its task returns, so the code travels in a SystemExit; it reads
    ``sys.argv`` by itself.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"
    import hydra

    from korpu import config

    config.register()
    ended: list[BaseException] = []

    home = os.getpid()

    def task(composed: Any) -> Any:
        # Hydra prints a line of its own for an exception that passes through it, and in a
        # multirun one job's failure must not lose the others: keep it, raise the first later.
        # Another sweeper than Hydra's judges its jobs itself, and a launcher's process on another
        # machine has only what passes through it, and no BaseException.
        from korpu import commands

        config.register()
        try:
            recipe = config.recipe_of(composed)
            for act in actions:
                act(recipe)
            return None if actions else commands.COMMANDS[command](recipe)
        except Stopped as stopped:
            if os.getpid() != home:
                raise StoppedElsewhere(stopped.signal_name) from stopped
            raise
        except Exception as error:
            if os.getpid() != home or (_is_multirun(words) and not _is_sweep_of_hydra()):
                raise
            ended.append(error)
            if _is_multirun(words):
                say_of(error)
            return None

    words, actions = _actions(command, words)
    if _is_multirun(words):
        _give_hydra_the_sweeper()
    given = sys.argv
    sys.argv = [f"korpu {command}", *(words if _asks_hydra(words) else _quietly(words))]
    try:
        hydra.main(version_base="1.3", config_path=str(config.CONFIGS), config_name=command)(task)()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else USAGE
    finally:
        sys.argv = given
    if ended:
        raise ended[0]
    return DONE


def _actions(command: str, words: list[str]) -> tuple[list[str], list[Callable[[Any], None]]]:
    """The words that are for Hydra, and the actions among the others, which take the recipe."""
    known = ACTIONS.get(command, {})
    named = {word.partition("=")[0] for word in words if "=" in word}
    taken = {option for name in named & known.keys() for option in OPTIONS.get(name, ())}
    given = dict(word.split("=", 1) for word in words if word.partition("=")[0] in taken)
    overrides: list[str] = []
    actions: list[Callable[[Any], None]] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in known:
            module, _, function = known[name].partition(":")
            options = {key: given[key] for key in OPTIONS.get(name, ()) if key in given}
            act = getattr(importlib.import_module(module), function)
            actions.append(functools.partial(act, value=value, **options))
        elif not equals or name not in given:
            overrides.append(word)
    return overrides, actions


def _is_multirun(words: list[str]) -> bool:
    return "-m" in words or "--multirun" in words


def _give_hydra_the_sweeper() -> None:
    """An editable install hides it from Hydra's own search for plugins."""
    from hydra.core.plugins import Plugins

    from hydra_plugins.korpu_optuna import OptunaSweeper

    Plugins.instance().register(OptunaSweeper)


def _is_sweep_of_hydra() -> bool:
    from hydra.core.hydra_config import HydraConfig

    return str(HydraConfig.get().runtime.choices["hydra/sweeper"]) == "basic"


def say_of(error: Exception) -> None:
    """One line for a job of a multirun that failed; the others go on."""
    from korpu.log import say

    ended = verdict(error)
    say(f"korpu: {ended[1] if ended else error}")


def _quietly(words: list[str]) -> list[str]:
    """The words with Hydra's own logging off: argparse wants all overrides in one place."""
    first = (n for n, word in enumerate(words) if "=" in word and not word.startswith("-"))
    at = next(first, len(words))
    quiet = ["hydra/job_logging=disabled", "hydra/hydra_logging=disabled"]
    return [*words[:at], *quiet, *words[at:]]


def _asks_hydra(words: list[str]) -> bool:
    return any(word in ("-sc", "--shell-completion", "--hydra-help") for word in words)


def _completion(words: list[str]) -> int:
    """Hydra's completion, which knows nothing of the command word: it is taken out of the line."""
    line = os.environ.get("COMP_LINE", "")
    if "query=" not in words[-1]:
        return _with_recipe("pipeline", words)
    parts = line.split(" ")
    if len(parts) < 3:
        typed = parts[1] if len(parts) > 1 else ""
        print("\n".join(n for n in [*RECIPE_COMMANDS, *WORD_COMMANDS] if n.startswith(typed)))
        return DONE
    command = parts[1]
    if command not in RECIPE_COMMANDS:
        return DONE
    point = int(os.environ.get("COMP_POINT") or len(line))
    os.environ["COMP_LINE"] = " ".join([parts[0], *parts[2:]])
    os.environ["COMP_POINT"] = str(max(point - len(command) - 1, 0))
    return _with_recipe(command, words)


if __name__ == "__main__":
    main()
