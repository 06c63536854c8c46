"""Django's side of the round trip: one command, its arguments as JSON on standard input, its findings as JSON on standard
output. It runs in a copy of the reference project, on the database that the environment names.
"""
import datetime
import decimal
import io
import json
import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

import django
from django.conf import settings

# Another program has the file open: its journal is not Django's to choose.
settings.DATABASES["default"].get("OPTIONS", {}).pop("init_command", None)
django.setup()

from django.apps import apps
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user, get_user_model, login
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, models, transaction
from django.http import HttpRequest
from django.test import Client
from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import RefreshToken

User = get_user_model()


def command(*args, **options):
    """What a management command prints; its exit status and errors as text."""
    out = io.StringIO()
    try:
        call_command(*args, stdout=out, stderr=out, no_color=True, **options)
    except SystemExit as e:
        out.write("exit status %s" % e.code)
    return out.getvalue()


def dump():
    return command("dumpdata", exclude=["contenttypes", "sessions.session"])


def rights():
    """Content types and permissions, as both sides make them."""
    return sorted("%s.%s %s: %s" % (*p.content_type.natural_key(), p.codename, p.name)
                  for p in Permission.objects.select_related("content_type")) + sorted(
        "%s.%s" % t.natural_key() for t in ContentType.objects.all())


def own_models():
    return [m for m in apps.get_models() if m._meta.app_label in ("auth", "authtoken", "catalog", "orders", "kitchen", "admin")]


def invalid():
    """What full_clean says of the objects: each complaint with the first object that has it."""
    found = {}
    for model in own_models():
        for obj in model._default_manager.all():
            try:
                obj.full_clean()
            except ValidationError as e:
                found.setdefault("%s: %s" % (model._meta.label_lower, e.message_dict), str(obj.pk))
    return found


def request_of(session):
    request = HttpRequest()
    request.session = session
    return request


def session_of(username):
    """Logs a user in, as a browser does, and returns the key of the session."""
    request = request_of(SessionStore())
    login(request, User.objects.get(username=username), backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session["basket"] = ["ä", 1]
    request.session.save()
    return request.session.session_key


def note(action, message):
    product = apps.get_model("catalog", "product").objects.first()
    entry = LogEntry.objects.log_actions(
        User.objects.get(username="admin").pk, [product], action, message, single_object=True)
    return {"id": entry.pk, "message": entry.get_change_message()}


def lay(_):
    """A live project: migrated by Django, with data, a session, a token and a log."""
    call_command("migrate", verbosity=0)
    ContentType.objects.all().delete()
    call_command("loaddata", "fixtures/shop.json", verbosity=0)
    user = User.objects.get(username="alice")
    return {
        "session": session_of("alice"),
        "token": Token.objects.get_or_create(user=user)[0].key,
        "refresh": str(RefreshToken.for_user(user)),
        "log": [
            note(ADDITION, [{"added": {}}]),
            note(CHANGE, [{"changed": {"fields": ["Price", "Name", "Stock"]}},
                          {"added": {"name": "review", "object": "Größe “M”"}}]),
            note(CHANGE, []),
            note(DELETION, ""),
        ],
        "invalid": invalid(),
        "rights": rights(),
    }


def state(_):
    """What Django would do: nothing."""
    before = rights()
    plan = command("migrate", plan=True)
    changes = command("makemigrations", check=True, dry_run=True)
    fake = command("migrate", fake_initial=True)
    return {"plan": plan.strip(), "changes": changes.strip(), "fake": fake.strip(), "made": sorted(set(rights()) - set(before)),
            "rights": rights()}


def read(given):
    """What Django makes of rows that it has not written."""
    found = {"invalid": invalid(), "passwords": {}, "sessions": {}}
    for username, password in given["passwords"].items():
        found["passwords"][username] = User.objects.get(username=username).check_password(password)
    for key in given["sessions"]:
        found["sessions"][key] = get_user(request_of(SessionStore(key))).get_username()
    found["tokens"] = {t.key: t.user.get_username() for t in Token.objects.all()}
    found["log"] = [{"id": e.pk, "message": e.get_change_message(), "text": str(e)} for e in LogEntry.objects.order_by("pk")]
    found["dump"] = dump()  # a password that was checked has another hash
    return found


OTHER = {
    "CharField": ["Zürich 😀 'x' \"y\" \\ %", "zurich", "z"],
    "TextField": ["first\nsecond\t😀 \u2028 %s ? $1 @name"],
    "SlugField": ["from-django"],
    "EmailField": ["django@example.org"],
    "URLField": ["https://example.org/ä?x=1&y=2"],
    "DecimalField": [decimal.Decimal("1234.56"), decimal.Decimal("7.5"), decimal.Decimal("7")],
    "FloatField": [0.1 + 0.2],
    "BooleanField": [True, False],
    "DateField": [datetime.date(2024, 2, 29)],
    "DateTimeField": [datetime.datetime(1999, 12, 31, 23, 59, 59, 123456, tzinfo=datetime.timezone.utc)],
    "TimeField": [datetime.time(23, 59, 59, 1)],
    "DurationField": [datetime.timedelta(days=-3, microseconds=7)],
    "UUIDField": [uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")],
    "JSONField": [{"ä": [1, 2.5, None, True, {"b": "\u2028"}], "a": 12345678901234567890}],
    "BinaryField": [b"\x00\xff'\\"],
    "GenericIPAddressField": ["2001:db8::1", "192.0.2.1"],
}


def others(field, value):
    """Further values of a field; each is tried."""
    if field.choices:
        return [c for c, _ in field.flatchoices if c != value]
    if isinstance(field, models.IntegerField):
        return [(value or 0) + 1, (value or 0) - 1]
    if isinstance(field, models.JSONField) and isinstance(value, dict):
        return [{**value, **OTHER["JSONField"][0]}]  # serializers of the project rely on keys
    kind = next((k for k in type(field).__mro__ if k.__name__ in OTHER), None)
    return [v for v in OTHER.get(kind.__name__, []) if v != value] if kind else []


def change_object(obj):
    """Gives every field another value with which the object is still valid, and counts them."""
    changed = 0
    for field in obj._meta.concrete_fields:
        if field.primary_key or not field.editable or isinstance(field, (models.ForeignKey, models.FileField)):
            continue
        before = getattr(obj, field.attname)
        for value in others(field, before):
            setattr(obj, field.attname, value)
            try:
                obj.full_clean()
                changed += 1
                break
            except ValidationError:
                setattr(obj, field.attname, before)
    return changed


def change(given):
    """Changes the newest objects of every model, and some rows that have their own ways."""
    changed = {}
    for model in own_models():
        if model in (LogEntry, Token, Permission) or model._meta.proxy:
            continue
        fields = 0
        for obj in model._default_manager.order_by("-pk")[:3]:
            if model is User and obj.get_username() in given["keep"]:
                continue
            with transaction.atomic():
                n = change_object(obj)
                if n:
                    obj.save()
            fields += n
        changed[model._meta.label_lower] = fields
    user = User.objects.get(username=given["rename"])
    user.set_password(given["password"])
    user.save()
    user.groups.set(given["groups"])
    note(CHANGE, [{"changed": {"fields": ["Name"]}}])
    access = str(RefreshToken.for_user(User.objects.get(username="admin")).access_token)
    return {"changed": changed, "session": session_of(given["rename"]), "dump": dump(), "access": access,
            "answers": {path: answer(path, access) for path in given["paths"]}}


def answer(path, access):
    return Client().get(path, HTTP_HOST="testserver", HTTP_AUTHORIZATION="Bearer " + access).content.decode()


MIGRATION = '''
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial"), ("orders", "0001_initial")]
    operations = [
        migrations.AlterField("product", "name", models.CharField(max_length=250, db_index=True)),
        migrations.AlterField("product", "sku", models.CharField(max_length=32)),
        migrations.AlterField("product", "created_by", models.ForeignKey(
            "auth.user", null=True, blank=True, on_delete=models.SET_NULL, related_name="products", db_index=False)),
        migrations.AlterField("category", "slug", models.SlugField(max_length=80, unique=True)),
        migrations.RenameField("review", "title", "headline"),
        migrations.AlterUniqueTogether("review", set()),
        migrations.AddConstraint("review", models.CheckConstraint(condition=models.Q(rating__lte=5), name="rating_five")),
        migrations.AddConstraint("review", models.UniqueConstraint(fields=["product", "author"], name="one_review")),
        migrations.RemoveConstraint("review", "rating_five"),
        migrations.AddIndex("product", models.Index(fields=["status", "-price"], name="by_status")),
        migrations.AddField("product", "colour", models.CharField(max_length=9, default="red")),
        migrations.AlterModelTable("tag", "catalog_label"),
    ]
'''


def alter(given):
    """Django's schema editor at work, there and back."""
    path = Path("catalog/migrations/0002_beside.py")
    path.write_text(MIGRATION)
    text = command("migrate", "catalog", "0002" if given["forward"] else "0001")
    if not given["forward"]:
        path.unlink()
    return {"text": text}


def main():
    given = json.load(sys.stdin)
    found = {"lay": lay, "state": state, "read": read, "change": change, "alter": alter}[sys.argv[1]](given)
    connection.close()
    json.dump(found, sys.stdout)


main()
