"""The rules of Chrome's trace format, as its document and Perfetto's importer of JSON have them.

Google's "Trace Event Format", and "JSON (Chrome)" of https://perfetto.dev/docs: what Perfetto
drops or misplaces without a word is a mistake here.
"""

import math
from collections import defaultdict

METADATA = {"process_name", "process_labels", "process_sort_index", "thread_name",
            "thread_sort_index"}


def mistakes(content):
    """Return what is wrong with a trace's content, in words."""
    found = []
    if content.get("displayTimeUnit") not in ("ms", "ns"):
        found.append("displayTimeUnit is neither ms nor ns")
    slices, flows = defaultdict(list), defaultdict(dict)
    for number, event in enumerate(content["traceEvents"]):
        found += [f"event {number}, {event}: {mistake}" for mistake in _of_event(event)]
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append(
                (round(1000 * event["ts"]), round(1000 * (event["ts"] + event["dur"]))))
        elif event["ph"] in "stf":
            flows[event["cat"], event["name"], event["id"]][event["ph"]] = event
    found += [f"on track {track}, {one} and {other} overlap and are not one in the other"
              for track, spans in slices.items() for one, other in _overlaps(spans)]
    for key, ends in flows.items():
        if set(ends) != {"s", "f"} or ends["s"]["ts"] > ends["f"]["ts"]:
            found.append(f"flow {key} does not lead from a beginning to a later end")
        found += [f"flow {key} has its end at {end['ts']} outside of every slice"
                  for end in ends.values()
                  if not _inside(slices[end["pid"], end["tid"]], round(1000 * end["ts"]))]
    return found


def _of_event(event):
    if not isinstance(event.get("name"), str) or not isinstance(event.get("pid"), int):
        yield "it has no name, or no number of a process"
    if event["ph"] not in "XiCMsf":
        yield "its kind is not known"
    if event["ph"] == "M":
        if event["name"] not in METADATA or not event["args"]:
            yield "it is no metadata"
        return
    if not isinstance(event["ts"], (int, float)) or not math.isfinite(event["ts"]):
        yield "its time is no number"
    if event["ph"] == "X" and not event["dur"] >= 0:
        yield "it has no length"
    if event["ph"] != "C" and not isinstance(event.get("tid"), int):
        yield "it is on no track"
    if event["ph"] == "C" and not all(isinstance(value, (int, float))
                                      for value in event["args"].values()):
        yield "it counts what is no number"
    if event["ph"] == "i" and event["s"] not in "gpt":
        yield "it has no scope"
    if event["ph"] == "f" and event.get("bp") != "e":
        yield "it would bind to the next slice"


def _overlaps(spans):
    """Give the pairs of slices of a track of which neither is in the other, nor after it."""
    around = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        while around and around[-1][1] <= span[0]:
            around.pop()
        if around and around[-1][1] < span[1]:
            yield around[-1], span
        around.append(span)


def _inside(spans, time):
    return any(since <= time <= until for since, until in spans)
