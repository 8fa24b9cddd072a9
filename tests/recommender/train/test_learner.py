import pytest
import torch

from gigs.recommender.train.learner import principal


def test_principal_components_are_found_where_single_precision_finds_none(monkeypatch):
    features = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
    moment = features.T @ features / 6
    lengths, components = principal(moment)
    solve = torch.linalg.eigh

    def refusing_single(matrix):
        if matrix.dtype == torch.float32:
            raise torch.linalg.LinAlgError("the algorithm failed to converge")
        return solve(matrix)

    monkeypatch.setattr(torch.linalg, "eigh", refusing_single)
    again, others = principal(moment)
    assert again.dtype == others.dtype == torch.float32
    torch.testing.assert_close(again, lengths, atol=1e-4, rtol=1e-4)
    overlap = (others[:, -6:] * components[:, -6:]).sum(0).abs()
    assert overlap.tolist() == pytest.approx([1.0] * 6, abs=1e-3)
