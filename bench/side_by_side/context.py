"""What every runner needs: the options of this run, the servers that are there, the clients."""
import sys
from dataclasses import dataclass

import machine
import scenarios
import servers


@dataclass
class Context:
    subject: servers.Program
    peers: list            # of servers.Program
    tools: object          # clients.Tools
    rounds: int
    quick: bool
    client: str = ''       # overrides the scenario's choice
    seconds: float = 0.0   # overrides the scenario's choice

    @property
    def cores(self):
        return machine.cores()

    def say(self, text):
        print('   ' + text, file=sys.stderr, flush=True)

    def program(self, name):
        """By the name a scenario uses; None if it is not there."""
        if name == scenarios.SUBJECT_WORD:
            return self.subject
        return next((peer for peer in self.peers if peer.kind.name == name), None)

    def resolve(self, variants):
        """[(variant, program)] with 'peers' spelled out, and what is missing."""
        resolved, missing = [], []
        for variant in variants:
            if variant.server == scenarios.PEERS_WORD:
                resolved += [(scenarios.Variant(peer.kind.name, peer.kind.name,
                                                variant.threads), peer) for peer in self.peers]
                continue
            program = self.program(variant.server)
            if program is None:
                missing.append(variant.server)
            else:
                resolved.append((variant, program))
        return resolved, missing

    def baseline_name(self, wanted):
        """`wanted`, or the best stand-in for it that is there; None without any."""
        names = [wanted] + [name for name in scenarios.BASELINES if name != wanted]
        return next((name for name in names if self.program(name) is not None), None)

    def options_of(self, variant, program):
        is_subject = program is self.subject and program.kind.name == servers.SUBJECT
        return variant.options if is_subject else ()

    def start(self, variant, program, cores):
        return servers.Server(program, cores, variant.threads, self.options_of(variant, program),
                              variant.label if variant.label != scenarios.SUBJECT_WORD
                              else program.kind.name)
