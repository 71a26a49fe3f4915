"""CPU per posting of the enricher: `python -m benchmarks.enrich [--data FOLDER] [--repeat N]`."""

import argparse
import gzip
import html
import json
import os
import re
import resource
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.normalize import calibration
from common.contracts import Place, Posting
from enricher.domain.enrich import Enricher
from enricher.domain.scanner import Mention
from enricher.domain.summary import summarize
from enricher.domain.text import Text
from enricher.store.rule_files import load_rules

_DATA = Path(os.environ.get("POSTHORN_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")
_BATCH = 100
_BREAKS = re.compile(r"<(?:br|/p|/li|/h\d|/div)[^>]*>")


def plain(markup: str) -> str:
    """Text of a body in HTML, near enough to what the normalizer sends."""
    return html.unescape(re.sub(r"<[^>]+>", " ", _BREAKS.sub("\n", html.unescape(markup)))).replace("\xa0", " ")


def postings(data: Path) -> list[Posting]:
    """Postings of LinkedIn, Indeed and a Greenhouse board with title, body and location text."""
    found: list[Posting] = []

    def add(title: str | None, body: str | None, place: str | None, company: str | None) -> None:
        key = f"{len(found):032x}"
        found.append(
            Posting(
                hash_key=key, version=1, content_hash=key, source="s", source_job_id=key, title=title or "",
                company=company or "", description_text=body or "", places=[Place(text=place)] if place else [],
            )
        )  # fmt: skip

    def lines(name: str) -> list[dict[str, str]]:
        content = gzip.decompress((data / "postings" / name).read_bytes())
        return [json.loads(line) for line in content.splitlines()]

    for row in lines("linkedin_2024.jsonl.gz"):
        add(row["title"], row["description"], row["location"], row["company_name"])
    for row in lines("indeed_ml_2022.jsonl.gz"):
        add(row.get("title"), plain(row.get("description") or ""), row.get("location"), row.get("company"))
    board = json.loads(gzip.decompress((data / "greenhouse" / "stripe_board_content_true.json.gz").read_bytes()))
    for job in board["jobs"]:
        add(job["title"], plain(job["content"]), job["location"]["name"], job["company_name"])
    return found


def steps(enricher: Enricher, sample: list[Posting]) -> dict[str, Callable[[Posting], object]]:
    """Each step by itself on prepared input, and all together."""
    texts = {p.hash_key: Text(p.title, p.description_text) for p in sample}
    scans = {key: enricher.scanner.scan(text) for key, text in texts.items()}
    sections = {key: enricher.needs.of(text, scans[key].get("need", [])) for key, text in texts.items()}
    skills, pay, remote = enricher.skills, enricher.pay, enricher.remote
    seniority, employment = enricher.seniority, enricher.employment

    def mentions(posting: Posting, kind: str) -> list[Mention]:
        return scans[posting.hash_key].get(kind, [])

    return {
        "text": lambda p: Text(p.title, p.description_text),
        "scan": lambda p: enricher.scanner.scan(texts[p.hash_key]),
        "skills": lambda p: skills.read(
            texts[p.hash_key], mentions(p, "skill"), p.tags, p.company, sections[p.hash_key]
        ),
        "pay": lambda p: pay.read(None, None, texts[p.hash_key], mentions(p, "pay")),
        "places": lambda p: enricher.location.read(p.places),
        "remote": lambda p: remote.read(p.title, None, p.places, texts[p.hash_key], mentions(p, "remote")),
        "seniority": lambda p: seniority.read(p.title, None, texts[p.hash_key], mentions(p, "seniority")),
        "employment": lambda p: employment.read(
            p.title, [], texts[p.hash_key], mentions(p, "employment"), mentions(p, "hours")
        ),
        "needs": lambda p: enricher.needs.of(texts[p.hash_key], mentions(p, "need")),
        "years": lambda p: enricher.years.read(texts[p.hash_key], mentions(p, "years"), sections[p.hash_key]),
        "degree": lambda p: enricher.degree.read(texts[p.hash_key], mentions(p, "degree"), sections[p.hash_key]),
        "visa": lambda p: enricher.authorisation.read(texts[p.hash_key], mentions(p, "visa")),
        "benefits": lambda p: enricher.benefits.read(texts[p.hash_key], mentions(p, "benefit")),
        "language": lambda p: enricher.language.read(p.title, p.description_text),
        "title": lambda p: enricher.occupation.nearest(enricher.display_titles.clean(p.title)),
        "summary": lambda p: summarize(p.description_text),
        "one by one": enricher.read,
    }


def cost(step: Callable[[Posting], object], sample: list[Posting], repeat: int) -> float:
    """µs per posting; the best of `repeat` passes."""

    def each() -> None:
        for posting in sample:
            step(posting)

    return min(timed(each) for _ in range(repeat)) / len(sample) * 1e6


def cost_of_batches(enricher: Enricher, sample: list[Posting], repeat: int) -> float:
    """µs per posting in batches of 100, as the service reads them; the best of `repeat` passes."""
    batches = [sample[first : first + _BATCH] for first in range(0, len(sample), _BATCH)]

    def each() -> None:
        for batch in batches:
            enricher.read_all(batch)

    return min(timed(each) for _ in range(repeat)) / len(sample) * 1e6


def timed(work: Callable[[], object]) -> float:
    """CPU seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    """Print µs per posting and step as a table, then all as one JSON line.

    `calibration_us` tells how fast the machine is at the moment (21 where the figures of the docs were measured): on a
    busy machine compare ratios.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    sample = postings(arguments.data)
    words = sum(len(p.description_text.split()) for p in sample) / len(sample)
    enricher = Enricher(load_rules())
    costs = {name: cost(step, sample, arguments.repeat) for name, step in steps(enricher, sample).items()}
    costs["all"] = cost_of_batches(enricher, sample, arguments.repeat)
    for name, us in costs.items():
        print(f"{name:12}{us:8.1f} µs a posting{us * 500 / words:8.1f} µs per 500 words")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "postings": len(sample), "words": round(words), "calibration_us": round(calibration(), 1),
        "peak_mb": round(peak), "us_per_500_words": round(costs["all"] * 500 / words, 1),
    }  # fmt: skip
    print(json.dumps(result | {f"{name}_us": round(us, 1) for name, us in costs.items()}))


if __name__ == "__main__":
    main()
