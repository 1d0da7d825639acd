"""What the three calls take and give."""

from rest_framework import serializers


class BalanceSerializer(serializers.Serializer):
    credits = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()
    sequence = serializers.IntegerField()
    updated_at = serializers.DateTimeField()


class EntrySerializer(serializers.Serializer):
    content_id = serializers.UUIDField(source="id")
    title = serializers.CharField()
    status = serializers.CharField()
    site_status = serializers.CharField()
    scheduled_publish_at = serializers.DateTimeField()
    local_time = serializers.SerializerMethodField()
    published_at = serializers.DateTimeField()
    external_url = serializers.CharField()

    def get_local_time(self, entry):
        at = entry["calendar_at"]
        return f"{at.astimezone(self.context['zone']):%Y-%m-%dT%H:%M}" if at else ""


class NewKeywordSerializer(serializers.Serializer):
    keyword = serializers.CharField(max_length=200)
    volume = serializers.IntegerField(min_value=0, max_value=10_000_000_000, required=False)
    difficulty = serializers.IntegerField(min_value=0, max_value=100, required=False)


class KeywordSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    site_id = serializers.UUIDField()
    keyword = serializers.CharField()
    volume = serializers.IntegerField()
    difficulty = serializers.IntegerField()
    status = serializers.CharField()
    disabled = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
