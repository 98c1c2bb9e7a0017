"""The graph of a seed, what is done to it, and what every sink must have in the end."""

import random
from dataclasses import dataclass, field, replace

from chaos.items import PORTS, Item, account_of, booked, item, worked

ACTS = 5
"""What is done to a graph, unless somebody asks for more."""
_MOST_KILLS = 9
"""Of one process: what dies more often in one run ends it."""
_LONGEST = 15
"""Letters of a process' name that the kernel knows."""


@dataclass
class Part:
    """A node: its type, its widgets in order, and by input where that comes from.

    ``edges``: the edge options of its inputs, ``replicas``: how many it has, and where.
    """

    id: int
    type: str
    widgets: dict
    sources: dict = field(default_factory=dict)
    edges: dict = field(default_factory=dict)
    replicas: dict = field(default_factory=dict)

    def policy(self, port):
        """Return the policy of an input's edge."""
        return self.edges.get(port, {}).get("policy", "lossless")

    @property
    def name(self):
        """The name of its process."""
        return f"{'or' if self.type == 'ORNode' else self.type.lower()}_{self.id}"

    @property
    def options(self):
        """What the file says of it that is no widget's value."""
        return {**({"inputs": self.edges} if self.edges else {}),
                **({"replicas": self.replicas} if self.replicas else {})}

    @property
    def killable(self):
        return self.type != "ORNode"


@dataclass(frozen=True)
class Stream:
    """An output: who feeds it, how its items are chosen from theirs, and how many merged it has.

    Streams of equal ``kind`` have equally many items.
    """

    node: int
    port: str
    kind: tuple
    feeds: frozenset
    branches: int
    sizes: str


@dataclass(frozen=True)
class Act:
    """Something that is done to some processes, for some seconds.

    It is done when sinks have taken so many ``items`` more, and some seconds ``after`` that.
    """

    what: str
    items: int
    after: float
    names: tuple = ()
    seconds: float = 0.0


class Plan:
    """The graph, the acts and the faults of a seed."""

    def __init__(self, seed, acts=ACTS):
        """Draw the graph of ``seed``, and so many ``acts``."""
        self.seed = seed
        self._random = random.Random(seed)
        self.parts = []
        self._streams = []
        self._all_streams = []
        self._unused = []
        self._draw()
        self.faults = self._draw_faults()
        self.acts = self._draw_acts(acts)
        self._apart = random.Random(f"replicas of {seed}")
        self._add_replicas()
        self._add_accounts()

    def part(self, name):
        return next(each for each in self.parts if each.name == name)

    def of_type(self, type):
        """Return the nodes of a type."""
        return [each for each in self.parts if each.type == type]

    def workflow(self):
        """Return the graph as the editor saves it."""
        links, ends = [], {}
        for part in self.parts:
            for port, (node, output) in part.sources.items():
                links.append([len(links) + 1, node, self._slot(node, output), part.id,
                              list(part.sources).index(port), "TENSOR"])
                ends.setdefault((node, output), []).append(len(links))
                ends[part.id, "to", port] = len(links)
        return {"links": links, "nodes": [{
            "id": part.id, "type": part.type, "widgets_values": list(part.widgets.values()),
            "inputs": [{"name": port, "type": "TENSOR", "link": ends[part.id, "to", port]}
                       for port in part.sources],
            "outputs": [{"name": port, "type": "TENSOR", "links": ends.get((part.id, port))}
                        for port in self._outputs(part)],
            "properties": {"dnne_ros": part.options} if part.options else {},
        } for part in self.parts]}

    def streams(self, totals):
        """Return by (node, output) its items, as one list for each stream that was merged.

        ``totals``: how many items each group of sources sends.
        """
        found = {}
        for part in self.parts:
            inputs = [found[source] for source in part.sources.values()]
            if part.type == "Feed":
                found[part.id, "out"] = [[
                    item(part.widgets["sizes"], part.widgets["salt"], number)
                    for number in range(totals[part.widgets["group"]])]]
            elif part.type == "ORNode":
                found[part.id, "output"] = [branch for each in inputs for branch in each]
            elif part.type in ("Work", "Account"):
                made = [[worked(part.widgets["mode"], part.widgets["sizes"],
                                part.widgets["salt"], taken) for taken in branch]
                        for branch in self._rounds_as_worked_on(part, found)]
                for port in PORTS:
                    found[part.id, port] = [[gives[port] for gives in branch if port in gives]
                                            for branch in made]
        return found

    def _rounds_as_worked_on(self, part, streams):
        """Return the rounds of a node in the middle, of an account what it has become by each."""
        rounds = self.rounds(part, streams)
        if part.type == "Work":
            return rounds
        states, found = {}, []
        for taken, in rounds[0]:
            account = account_of(taken)
            states[account] = booked(part.widgets["salt"], taken, states.get(account, 0))
            found.append([Item(8, states[account])])
        return [found]

    def rounds(self, part, streams):
        """Return what a node in the middle takes round by round, for each merged stream."""
        first, *others = (streams[source] for source in part.sources.values())
        if not others:
            return [[[each] for each in branch] for branch in first]
        return [list(zip(first[0], *(each[0] for each in others), strict=True))]

    def _outputs(self, part):
        return {"Feed": ["out"], "ORNode": ["output"], "Keep": []}.get(part.type, list(PORTS))

    def _slot(self, node, output):
        return self._outputs(self.parts[node - 1]).index(output)

    def _draw(self):
        draw = self._random
        merges = draw.random() < 0.3
        large = not merges and draw.random() < 0.25
        self._sizes = ["telling"] if merges else [
            "large", "border"] if large else ["tiny", "small", "small", "medium", "border"]
        for _ in range(draw.choice((1, 1, 2))):
            self._add_feed(large)
        for _ in range(draw.randint(1, 3)):
            self._add_work()
        if merges:
            self._add_merge()
            if draw.random() < 0.6:
                self._add_work(self._streams[-1])
        for stream in self._unused[:3]:
            self._add_sink(stream)
        if draw.random() < 0.4:
            self._add_sink(draw.choice(self._streams))
        if draw.random() < 0.35:
            self._add_sink(draw.choice(self._streams), draw.choice(("drop_oldest", "latest")))

    def _add(self, type, widgets, **sources):
        part = Part(len(self.parts) + 1, type, widgets, {
            port: (stream.node, stream.port) for port, stream in sources.items()})
        for port, stream in sources.items():
            if stream in self._unused:
                self._unused.remove(stream)
            if self._random.random() < 0.5:
                part.edges[port] = {"capacity": self._random.choice(
                    (1, 2, 3, 7, 20) if stream.sizes == "large" else (1, 2, 5, 30, 100, 1000))}
        self.parts.append(part)
        return part

    def _offer(self, *streams):
        self._streams += streams
        self._all_streams += streams
        self._unused += streams

    def _add_feed(self, large):
        draw = self._random
        number = len(self.parts) + 1
        sizes = draw.choice(self._sizes)
        rests = (0.02, 0.05) if large else (0.0, 0.0005, 0.002, 0.01)
        self._add("Feed", {
            "salt": draw.getrandbits(60), "sizes": sizes, "rest": draw.choice(rests),
            "group": number, "most": 1500 if large else 15_000})
        self._offer(Stream(number, "out", (number,), frozenset({number}), 1, sizes))

    def _add_work(self, stream=None):
        draw = self._random
        taken = [stream or draw.choice(self._unused or self._streams)]
        if stream is None and taken[0].branches == 1 and draw.random() < 0.5:
            self._join_groups(taken[0])
            like = [each for each in self._streams
                    if each not in taken and each.kind == taken[0].kind]
            taken += draw.sample(like, min(len(like), draw.randint(1, 2)))
        number = len(self.parts) + 1
        mode = draw.choice(("pass", "pass", "filter", "either", "some"))
        sizes = draw.choice(self._sizes)
        rest = draw.choice((0.0, 0.0, 0.005, 0.05))
        self._add("Work", {"salt": draw.getrandbits(60), "sizes": sizes, "mode": mode,
                           "rest": rest, "blocks": draw.random() < 0.3},
                  **dict(zip("abc", taken)))
        kinds = {"pass": (), "filter": (number,)}
        self._offer(*(Stream(number, port, taken[0].kind + kinds.get(mode, (number, port)),
                             frozenset().union(*(each.feeds for each in taken)),
                             taken[0].branches, sizes) for port in PORTS))
        if draw.random() < 0.6:  # its other output goes nowhere
            self._unused.remove(self._streams[-1])

    def _join_groups(self, stream):
        """Let all sources whose items nobody has chosen from yet send equally many."""
        if stream.kind != stream.kind[:1]:
            return
        for part in self.of_type("Feed"):
            part.widgets["group"] = 1
        one = (1,)
        renew = {each: Stream(each.node, each.port, one + each.kind[1:], each.feeds,
                              each.branches, each.sizes) for each in self._streams}
        self._streams = [renew[each] for each in self._streams]
        self._unused = [renew[each] for each in self._unused]

    def _add_merge(self):
        draw = self._random
        taken = draw.sample(self._streams, min(len(self._streams), draw.randint(2, 3)))
        number = len(self.parts) + 1
        self._add("ORNode", {}, **dict(zip(("input_a", "input_b", "input_c"), taken)))
        self._offer(Stream(number, "output", (number,),
                           frozenset().union(*(each.feeds for each in taken)),
                           sum(each.branches for each in taken), "telling"))

    def _add_sink(self, stream, policy=None):
        draw = self._random
        part = self._add("Keep", {"rest": draw.choice((0.0, 0.0, 0.002, 0.02, 0.1))},
                         taken=stream)
        if policy is not None:
            part.edges.setdefault("taken", {})["policy"] = policy

    def _draw_faults(self):
        draw = self._random
        which = draw.choice(("", "", "", "dds", "socket", "clock", "memory"))
        loss = draw.choice((0.0, 0.003, 0.01))
        return {"": {}, "dds": {"dds_only": True, "dds_loss": loss},
                "socket": {"socket_loss": loss or 0.005}, "clock": {"clock": True},
                "memory": {"no_memory": draw.choice((0.1, 0.5))}}[which]

    def _draw_acts(self, count):
        draw = self._random
        kills = dict.fromkeys((each.name for each in self.parts if each.killable), 0)
        acts = []
        for _ in range(count):
            items = draw.choice((0, 1, 5, 30))
            after = draw.choice((0.02, 0.1, 0.5)) * draw.random() * 2
            what = draw.choices(("kill", "again", "stop", "stop and kill", "fill"),
                                (8, 3, 2, 2, 2))[0]
            seconds = draw.choice((0.05, 0.3, 1.5)) * draw.random() * 2
            alive = [name for name, times in kills.items() if times < _MOST_KILLS - 1]
            if what == "fill" or not alive:
                acts.append(Act("fill", items, after, (), seconds))
                continue
            names = self._victims(alive)
            if what != "stop":
                for name in names:
                    kills[name] += 1 + (what == "again")
            acts.append(Act(what, items, after, names, seconds))
        return acts

    def _add_replicas(self):
        """Let replicas work for some nodes, and kill some of those that are processes.

        They are drawn apart: a seed's graph and acts are what they were before.
        """
        draw = self._apart
        for part in self.of_type("Work"):
            if draw.random() < 0.4:
                part.replicas = {"count": draw.randint(1, 4),
                                 "in": draw.choice(("threads", "processes"))}
        apart = [each.name for each in self.parts if each.replicas.get("in") == "processes"]
        for place in range(len(self.acts) if apart else 0):
            if draw.random() < 0.6:
                self.acts.insert(2 * place, Act(
                    "kill replicas", draw.choice((0, 1, 5, 30)), 0.2 * draw.random(),
                    (draw.choice(apart),)))

    def _add_accounts(self):
        """Let some nodes keep a state for each account: their replicas are killed, not they.

        Of merged streams nobody could tell the order in which an account takes their items.
        """
        draw = self._apart
        branches = {(each.node, each.port): each.branches for each in self._all_streams}
        for part in self.of_type("Work"):
            sources = list(part.sources.values())
            if len(sources) > 1 or branches[sources[0]] > 1 or draw.random() < 0.65:
                continue
            old, part.type = part.name, "Account"
            part.replicas = {"count": draw.randint(1, 4),
                             "in": draw.choice(("processes", "processes", "threads"))}
            self.acts = [self._spared(act, old, part) for act in self.acts]
            self.acts.insert(draw.randint(0, len(self.acts)), Act(
                "scale", 1, 0.0, (part.name, draw.randint(1, 5))))
            for _ in range(3 if part.replicas["in"] == "processes" else 0):
                self.acts.insert(draw.randint(0, len(self.acts)), Act(
                    "kill replicas", draw.choice((0, 1, 5, 30)), 0.2 * draw.random(),
                    (part.name,)))

    @staticmethod
    def _spared(act, old, part):
        """Return an act as it is now that a node has another name, and must not be killed."""
        if old not in act.names:
            return act
        others = tuple(name for name in act.names if name != old)
        if act.what in ("stop", "kill replicas"):
            return replace(act, names=(*others, part.name))
        if others:
            return replace(act, names=others)
        return replace(act, what="stop", names=(part.name,))

    def _victims(self, alive):
        """Return some processes: one, two neighbours, or any."""
        draw = self._random
        first = draw.choice(alive)
        neighbours = sorted({self.parts[node - 1].name for node, _ in
                             self.part(first).sources.values()} & set(alive))
        how = draw.random()
        if how < 0.35 and neighbours:
            return (first, draw.choice(neighbours))
        if how < 0.6:
            return tuple(draw.sample(alive, draw.randint(1, min(3, len(alive)))))
        if how < 0.63:
            return tuple(alive)
        return (first,)
