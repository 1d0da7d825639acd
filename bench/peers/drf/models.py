"""The columns that the three calls need, of tables that others make."""

from django.db import models


class _Unmanaged(models.Model):
    class Meta:
        abstract = True
        managed = False


class ApiKey(_Unmanaged):
    hash = models.BinaryField(primary_key=True)
    account_id = models.UUIDField()

    class Meta(_Unmanaged.Meta):
        db_table = "api_key"


class CreditAccount(_Unmanaged):
    account_id = models.UUIDField(primary_key=True)
    credits = models.BigIntegerField()
    reserved = models.BigIntegerField()
    sequence = models.BigIntegerField()
    updated_at = models.DateTimeField()

    class Meta(_Unmanaged.Meta):
        db_table = "credit_account"


class CreditGrant(_Unmanaged):
    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    remaining = models.BigIntegerField()
    reserved = models.BigIntegerField()
    expires_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    is_pending = models.BooleanField()

    class Meta(_Unmanaged.Meta):
        db_table = "credit_grant"


class Reservation(_Unmanaged):
    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    status = models.TextField()
    expires_at = models.DateTimeField()

    class Meta(_Unmanaged.Meta):
        db_table = "reservation"


class Site(_Unmanaged):
    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()

    class Meta(_Unmanaged.Meta):
        db_table = "site"


class PublishingSettings(_Unmanaged):
    site_id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    time_zone = models.TextField()
    daily_limit = models.IntegerField(null=True)
    weekly_limit = models.IntegerField(null=True)
    monthly_limit = models.IntegerField(null=True)

    class Meta(_Unmanaged.Meta):
        db_table = "publishing_settings"


class Content(_Unmanaged):
    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    site_id = models.UUIDField()
    title = models.TextField()
    status = models.TextField()
    site_status = models.TextField()
    calendar_at = models.DateTimeField(null=True)
    scheduled_publish_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    external_url = models.TextField()

    class Meta(_Unmanaged.Meta):
        db_table = "content"


class Keyword(_Unmanaged):
    id = models.UUIDField(primary_key=True)
    account_id = models.UUIDField()
    site_id = models.UUIDField()
    sector_id = models.UUIDField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    keyword = models.TextField()
    normalised = models.TextField()
    volume = models.BigIntegerField(null=True)
    volume_is_impressions = models.BooleanField(default=False)
    difficulty = models.IntegerField(null=True)
    cpc = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    currency = models.TextField(null=True)
    intent = models.TextField(null=True)
    country = models.TextField(null=True)
    cluster_id = models.UUIDField(null=True)
    status = models.TextField(default="new")
    disabled = models.BooleanField(default=False)

    class Meta(_Unmanaged.Meta):
        db_table = "keyword"


class OutboxRow(_Unmanaged):
    id = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField()
    account_id = models.UUIDField()
    stream = models.TextField()
    subject = models.TextField()
    payload = models.TextField()
    headers = models.JSONField()
    created_at = models.DateTimeField()

    class Meta(_Unmanaged.Meta):
        db_table = "outbox"
