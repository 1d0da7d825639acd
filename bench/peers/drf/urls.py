"""The paths of the three calls, as the suite has them."""

from django.urls import path

from bench.peers.drf.views import BalanceView, CalendarView, KeywordsView

urlpatterns = [
    path("api/v1/credits/balance", BalanceView.as_view()),
    path("api/v1/sites/<uuid:site_id>/calendar", CalendarView.as_view()),
    path("api/v1/sites/<uuid:site_id>/keywords", KeywordsView.as_view()),
]
