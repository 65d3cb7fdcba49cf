"""`python -m examples.newsroom serve | truth | score | show | check`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from examples.newsroom import check, score, server, show, stock, truth
from examples.newsroom.generate import ARTICLES, Newsroom


def main(argv: list[str] | None = None) -> int:
    """Run one action; the exit code is as in the project's table (0, 1, 2, 4)."""
    parser = argparse.ArgumentParser(prog="python -m examples.newsroom", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    drawn = argparse.ArgumentParser(add_help=False)
    drawn.add_argument("--seed", type=int, default=1, help="changes everything that is drawn")
    drawn.add_argument("--articles", type=_positive, default=ARTICLES, help="number of events")
    drawn.add_argument("--port", type=_port, default=server.PORT, help="az site; uz takes the next")
    serve = actions.add_parser("serve", parents=[drawn], help="serve both sites on loopback")
    serve.add_argument("--ready-file", type=Path, help="written when both sites answer")
    serve.add_argument("--parent", type=int, help="stop when this process is gone")
    known = actions.add_parser("truth", parents=[drawn], help="write the true alignment")
    known.add_argument("--out", type=Path, required=True, help="folder to write into")
    scored = actions.add_parser("score", help="precision and recall of a mined corpus")
    scored.add_argument("--truth", type=Path, required=True, help="what `truth --out` wrote")
    scored.add_argument("--corpus", type=Path, required=True, help="the output of `korpu prepare`")
    shown = actions.add_parser("show", help="sentences of unseen dates through a bundle")
    shown.add_argument("--report", type=Path, required=True, help="the output of `korpu evaluate`")
    shown.add_argument("--bundle", type=Path, required=True, help="a published bundle's folder")
    actions.add_parser("check", help="check templates and slots")
    args = parser.parse_args(argv)
    try:
        return _run(args)
    except stock.StockError as error:
        print(f"newsroom: {error}", file=sys.stderr)
        return 2
    except (server.PortInUse, OSError) as error:
        print(f"newsroom: {error}", file=sys.stderr)
        return 4


def _run(args: argparse.Namespace) -> int:
    if args.action == "check":
        problems, summary = check.check(stock.load())
        print("\n".join(summary))
        for problem in problems:
            print(f"newsroom: {problem}", file=sys.stderr)
        return 1 if problems else 0
    if args.action == "score":
        print(score.describe(score.score(args.truth, args.corpus)))
        return 0
    if args.action == "show":
        print(show.show(args.report, args.bundle))
        return 0
    newsroom = Newsroom(args.seed, args.articles)
    if args.action == "truth":
        counts = truth.write(newsroom, server.addresses(args.port), args.out)
        lines = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"newsroom: {args.out}: {lines}")
    else:
        server.serve(newsroom, args.port, args.ready_file, args.parent)
    return 0


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 65_535:
        raise argparse.ArgumentTypeError("a port and the next, or 0 for any free pair")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 100_000:
        raise argparse.ArgumentTypeError("between 1 and 100000")
    return value


if __name__ == "__main__":
    sys.exit(main())
