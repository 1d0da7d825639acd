"""The three calls: the same reads and the same write as the suite's."""

import json
import uuid
from collections import Counter
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Q
from django.http import Http404
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.peers.drf import models
from bench.peers.drf.serializers import (
    BalanceSerializer,
    EntrySerializer,
    KeywordSerializer,
    NewKeywordSerializer,
)

ENTRY = (
    "id",
    "title",
    "status",
    "site_status",
    "calendar_at",
    "scheduled_publish_at",
    "published_at",
    "external_url",
)


class BalanceView(APIView):
    def get(self, request):
        now, account_id = timezone.now(), request.user.id
        holds = models.Reservation.objects.filter(account_id=account_id, status="active", expires_at__lte=now)
        grants = models.CreditGrant.objects.filter(account_id=account_id)
        unused = grants.filter(remaining__gt=F("reserved"), expires_at__isnull=False, expires_at__lte=now)
        beginning = grants.filter(is_pending=True, effective_at__lte=now)
        balance = (
            models.CreditAccount.objects.filter(account_id=account_id)
            .annotate(is_due=Q(Exists(holds)) | Q(Exists(unused)) | Q(Exists(beginning)))
            .values("credits", "reserved", "sequence", "updated_at", "is_due")
            .first()
        )
        if balance is None:
            raise Http404
        balance["available"] = balance["credits"] - balance["reserved"]
        return Response(BalanceSerializer(balance).data)


class CalendarView(APIView):
    def get(self, request, site_id):
        now, account_id = timezone.now(), request.user.id
        settings = models.PublishingSettings.objects.filter(site_id=site_id, account_id=account_id).first()
        if settings is None:
            raise Http404
        zone = ZoneInfo(settings.time_zone)
        start, end = now - timedelta(days=30), now + timedelta(days=60)
        content = models.Content.objects.filter(site_id=site_id)
        ours = content.filter(account_id=account_id)
        entries = ours.filter(calendar_at__gte=start, calendar_at__lt=end).order_by("calendar_at", "id")
        unscheduled = ours.filter(status="approved", site_status="not_published").order_by("id")
        overdue = content.filter(
            site_status="scheduled", calendar_at__lte=now - timedelta(seconds=60)
        ).order_by("calendar_at", "id")
        context = {"zone": zone}
        return Response(
            {
                "entries": EntrySerializer(entries.values(*ENTRY)[:5001], many=True, context=context).data,
                "unscheduled": EntrySerializer(
                    unscheduled.values(*ENTRY)[:200], many=True, context=context
                ).data,
                "overdue": EntrySerializer(overdue.values(*ENTRY)[:200], many=True, context=context).data,
                **_counts(content, settings, zone, start, end),
                "daily_limit": settings.daily_limit,
                "weekly_limit": settings.weekly_limit,
                "monthly_limit": settings.monthly_limit,
                "time_zone": settings.time_zone,
            }
        )


class KeywordsView(APIView):
    def post(self, request, site_id):
        wanted = NewKeywordSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        now, account_id = timezone.now(), request.user.id
        keyword = models.Keyword(
            id=uuid.uuid4(),
            account_id=account_id,
            site_id=site_id,
            created_at=now,
            updated_at=now,
            normalised=" ".join(wanted.validated_data["keyword"].casefold().split()),
            **wanted.validated_data,
        )
        try:
            with transaction.atomic():
                if not models.Site.objects.filter(id=site_id, account_id=account_id).exists():
                    raise Http404
                keyword.save(force_insert=True)
                models.OutboxRow.objects.create(**_event(keyword))
        except IntegrityError:
            return Response({"detail": "There is such a keyword already."}, status=409)
        return Response({"keyword": KeywordSerializer(keyword).data}, status=201)


def _event(keyword):
    event_id = uuid.uuid4()
    payload = {"keyword_id": str(keyword.id), "site_id": str(keyword.site_id), "keyword": keyword.keyword}
    return {
        "event_id": event_id,
        "account_id": keyword.account_id,
        "stream": "EVENTS",
        "subject": f"keywords.{keyword.account_id}.created",
        "payload": json.dumps(payload),
        "headers": {"ce-id": str(event_id), "ce-time": keyword.created_at.isoformat()},
        "created_at": keyword.created_at,
    }


def _counts(content, settings, zone, start, end):
    """What counts against the limits in every day, week and month that the range touches."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    since = min(first.replace(day=1), first - timedelta(days=first.weekday()))
    until = max(_next_month(last), last + timedelta(days=7 - last.weekday()))
    times = (
        content.filter(
            calendar_at__gte=datetime.combine(since, time(), zone),
            calendar_at__lt=datetime.combine(until, time(), zone),
        )
        .exclude(site_status="failed")
        .values_list("calendar_at", flat=True)
    )
    days = Counter(at.astimezone(zone).date() for at in times)
    weeks, months = Counter(), Counter()
    for day, count in days.items():
        weeks[day - timedelta(days=day.weekday())] += count
        months[day.replace(day=1)] += count
    return {
        "days": _listed(days, settings.daily_limit),
        "weeks": _listed(weeks, settings.weekly_limit),
        "months": _listed(months, settings.monthly_limit),
    }


def _next_month(day):
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _listed(counts, limit):
    return [
        {"date": day.isoformat(), "count": count, "full": limit is not None and count >= limit}
        for day, count in sorted(counts.items())
    ]
