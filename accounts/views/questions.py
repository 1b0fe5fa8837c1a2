"""The questions of the programme, each with its answer and where that comes from (K120)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView

from accounts.running.questions import questions_of
from accounts.views.programme import ProgrammePageMixin
from teams.policies import reads_whole


class QuestionsView(LoginRequiredMixin, ProgrammePageMixin, TemplateView):
    """What every programme has to answer, as far as the reader may know it."""

    template_name = "accounts/questions.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        programme = self.programme
        user = self.request.user
        return super().get_context_data(
            programme=programme,
            questions=questions_of(user, programme, programme.today()),
            reads_whole=reads_whole(user),
            **kwargs,
        )
