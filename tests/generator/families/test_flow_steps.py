"""Steps of a flow, and back: what a row comes to does not depend on the rows beside it."""

from __future__ import annotations

import torch

from gigs.generator.families.flow_steps import TOLERANCE, backwards, forwards, times

STEPS = times(10)


def velocity(x, time):
    return torch.sin(3 * x) + time * x


def points(n=5):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(0))


def test_the_way_back_leads_to_points_from_which_the_way_leads_here():
    for method in ("euler", "heun"):
        found = backwards(velocity, points(), STEPS, method, 20)
        torch.testing.assert_close(forwards(velocity, found, STEPS, method), points(), atol=10 * TOLERANCE, rtol=0)


def test_rows_that_need_few_corrections_stop_and_the_others_go_on():
    asked = []

    def counted(x, time):
        asked.append(len(x))
        return velocity(x, time) * torch.tensor([[0.0], [1.0]])[-len(x) :]  # the first row does not move

    found = backwards(counted, points(2), STEPS, "euler", 20)
    torch.testing.assert_close(found[0], points(2)[0])
    assert asked.count(2) == len(STEPS) and 2 * len(STEPS) < len(asked) < 20 * len(STEPS)


def test_a_row_is_solved_alike_alone_and_in_company():
    together = backwards(velocity, points(), STEPS, "heun", 20)
    alone = torch.cat([backwards(velocity, row[None], STEPS, "heun", 20) for row in points()])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)
