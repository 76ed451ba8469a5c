"""Checks of the embedded Azure with the Azure SDK for Python. `azure-sdk` starts it with the variables it needs."""

import json
import os
import ssl
import sys
import traceback
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.identity import ClientSecretCredential, DefaultAzureCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

ARM = os.environ["AZURE_RESOURCE_MANAGER_ENDPOINT"]
SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]
DISKS = "2025-01-02"
VM = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/vms/providers/Microsoft.Compute/virtualMachines/vm1"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"

passed = failed = 0


def check(what):
    """Runs the function at once, as one check: it is ok if it raises nothing."""

    def decorate(function):
        global passed, failed
        try:
            function()
            passed += 1
            print(f"ok      {what}", flush=True)
        except Exception as error:  # whatever goes wrong is that check's result
            failed += 1
            line = traceback.extract_tb(error.__traceback__)[1].lineno
            print(f"FAILED  {what}\n        line {line}: {type(error).__name__}: {error}", flush=True)

    return decorate


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"expected {expected!r}, found {found!r}")


def refused(kind, status, code, call):
    """The call raises exactly this kind of error, with this HTTP status and ARM code; returns it."""
    try:
        call()
    except HttpResponseError as error:
        equal((type(error), error.status_code, error.error and error.error.code), (kind, status, code))
        return error
    raise AssertionError(f"{code} was expected, but it went through")


def control(what, body):
    request = urllib.request.Request(
        f"{ARM}/_emulator/{what}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="PUT"
    )
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({})
    )
    opener.open(request).close()


def secret(**changed):
    settings = {
        "tenant_id": os.environ["AZURE_TENANT_ID"],
        "client_id": os.environ["AZURE_CLIENT_ID"],
        "client_secret": os.environ["AZURE_CLIENT_SECRET"],
    }
    return ClientSecretCredential(**(settings | changed), disable_instance_discovery=True)


credential = secret()
# The SDK waits 30 seconds between looks where no Retry-After says otherwise.
common = {"base_url": ARM, "credential_scopes": [f"{ARM}/.default"]}
compute = ComputeManagementClient(credential, SUBSCRIPTION, **common)
resource = ResourceManagementClient(credential, SUBSCRIPTION, **common)
authorization = AuthorizationManagementClient(credential, SUBSCRIPTION, **common)
disks, snapshots, groups = compute.disks, compute.snapshots, resource.resource_groups


def empty(size=4, **more):
    return {
        "location": "japaneast",
        "sku": {"name": "Premium_LRS"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": size},
    } | more


def copy(source, option="Copy", location="japaneast", **properties):
    data = {"createOption": option, "sourceResourceId": source}
    return {"location": location, "properties": {"creationData": data} | properties}


# Signing in ---------------------------------------------------------------------------------------


@check("ClientSecretCredential.get_token")
def _():
    token = credential.get_token(f"{ARM}/.default")
    equal(token.token.count("."), 2)


@check("DefaultAzureCredential finds the same in the environment")
def _():
    found = DefaultAzureCredential(disable_instance_discovery=True)
    equal(found.get_token(f"{ARM}/.default").token.count("."), 2)


@check("get_token_info with enable_cae")
def _():
    info = credential.get_token_info(f"{ARM}/.default", options={"enable_cae": True})
    equal(info.token_type, "Bearer")


for what, changed, code in [
    ("a wrong secret", {"client_secret": "wrong"}, "AADSTS7000215"),
    ("an unknown client", {"client_id": str(uuid.uuid4())}, "AADSTS700016"),
    ("an unknown tenant", {"tenant_id": str(uuid.uuid4())}, "AADSTS90002"),
]:

    @check(f"{what}: ClientAuthenticationError, {code}")
    def _():
        try:
            secret(**changed).get_token(f"{ARM}/.default")
        except ClientAuthenticationError as error:
            assert code in str(error) or code == "AADSTS90002" and "tenant" in str(error).lower(), error
            return
        raise AssertionError("signed in")


# Groups -------------------------------------------------------------------------------------------


@check("resource_groups.create_or_update, get, check_existence, list with a filter")
def _():
    equal(groups.check_existence("rg"), False)
    made = groups.create_or_update("rg", {"location": "Japan East", "tags": {"Team": "a"}})
    equal((made.name, made.location, made.properties.provisioning_state), ("rg", "japaneast", "Succeeded"))
    equal(groups.check_existence("rg"), True)
    equal(groups.get("RG").tags, {"Team": "a"})
    groups.create_or_update("other", {"location": "eastus"})
    equal([g.name for g in groups.list(filter="tagName eq 'team' and tagValue eq 'a'")], ["rg"])
    equal(len(list(groups.list())), 2)


@check("resource_groups.update replaces tags")
def _():
    equal(groups.update("rg", {"tags": {"Team": "b"}}).tags, {"Team": "b"})


@check("a missing group: ResourceNotFoundError, ResourceGroupNotFound")
def _():
    refused(ResourceNotFoundError, 404, "ResourceGroupNotFound", lambda: groups.get("nope"))
    refused(ResourceNotFoundError, 404, "ResourceGroupNotFound", lambda: groups.begin_delete("nope").result())
    refused(ResourceNotFoundError, 404, "ResourceGroupNotFound", lambda: disks.get("nope", "d"))
    refused(
        ResourceNotFoundError,
        404,
        "ResourceGroupNotFound",
        lambda: disks.begin_create_or_update("nope", "d", empty()),
    )
    refused(
        ResourceNotFoundError, 404, "ResourceGroupNotFound", lambda: list(disks.list_by_resource_group("nope"))
    )


@check("a group in no region, and one that would move")
def _():
    bad = {"location": "atlantis"}
    refused(
        HttpResponseError,
        400,
        "LocationNotAvailableForResourceGroup",
        lambda: groups.create_or_update("new", bad),
    )
    refused(
        ResourceExistsError,
        409,
        "InvalidResourceGroupLocation",
        lambda: groups.create_or_update("rg", {"location": "eastus"}),
    )


# Disks --------------------------------------------------------------------------------------------


@check("disks.begin_create_or_update().result(): polled to its end, with all fields")
def _():
    poller = disks.begin_create_or_update("rg", "d1", empty(zones=["1"], tags={"app": "x"}))
    equal(poller.status(), "InProgress")
    disk = poller.result()
    equal(poller.status(), "Succeeded")
    equal((disk.name, disk.type, disk.location), ("d1", "Microsoft.Compute/disks", "japaneast"))
    equal((disk.sku.name, disk.sku.tier, disk.zones, disk.tags), ("Premium_LRS", "Premium", ["1"], {"app": "x"}))
    equal((disk.disk_size_gb, disk.disk_size_bytes), (4, 4 << 30))
    equal((disk.provisioning_state, disk.disk_state, disk.managed_by), ("Succeeded", "Unattached", None))
    equal(disk.time_created.tzinfo is not None, True)
    equal(disk.as_dict(), disks.get("rg", "d1").as_dict())


@check("a poller goes on from its continuation token")
def _():
    first = disks.begin_create_or_update("rg", "d2", empty())
    again = disks.begin_create_or_update("rg", "d2", empty(), continuation_token=first.continuation_token())
    equal(again.result().name, "d2")


@check("disks.begin_update: tags, size, storage type")
def _():
    disk = disks.begin_update("rg", "d2", {"tags": {"k": "v"}, "properties": {"diskSizeGB": 8}}).result()
    equal((disk.tags, disk.disk_size_gb), ({"k": "v"}, 8))
    equal(disks.begin_update("rg", "d2", {"sku": {"name": "StandardSSD_LRS"}}).result().sku.name, "StandardSSD_LRS")


@check("disks.begin_create_or_update of an existing name updates and keeps the tags it does not name")
def _():
    disk = disks.begin_create_or_update("rg", "d2", empty(16, sku={"name": "StandardSSD_LRS"})).result()
    equal((disk.disk_size_gb, disk.tags), (16, {"k": "v"}))


@check("what a disk cannot become: smaller, elsewhere, copied from another")
def _():
    source = disks.get("rg", "d1").id
    for code, body in [
        ("OperationNotAllowed", empty(4)),
        ("InvalidResourceLocation", empty(16, location="eastus")),
        ("PropertyChangeNotAllowed", copy(source)),
        ("PropertyChangeNotAllowed", empty(16, zones=["2"])),
    ]:
        refused(ResourceExistsError, 409, code, lambda: disks.begin_create_or_update("rg", "d2", body).result())


@check("what no disk can be")
def _():
    for code, name, body in [
        ("InvalidParameter", "dot.name", empty()),
        ("InvalidParameter", "big", empty(40_000)),
        ("InvalidParameter", "sku", empty(sku={"name": "Diamond_LRS"})),
        ("InvalidAvailabilityZone", "zone", empty(zones=["4"])),
        ("LocationNotAvailableForResourceType", "there", empty(location="atlantis")),
        ("InvalidTagNameCharacters", "tags", empty(tags={"a/b": "c"})),
    ]:
        refused(HttpResponseError, 400, code, lambda: disks.begin_create_or_update("rg", name, body).result())


@check("a missing disk: ResourceNotFoundError, ResourceNotFound; deleting it is no error")
def _():
    refused(ResourceNotFoundError, 404, "ResourceNotFound", lambda: disks.get("rg", "nope"))
    refused(ResourceNotFoundError, 404, "ResourceNotFound", lambda: disks.begin_update("rg", "nope", {"tags": {}}))
    equal(disks.begin_delete("rg", "nope").result(), None)


@check("disks.begin_delete().result(), and then it is gone")
def _():
    poller = disks.begin_delete("rg", "d2")
    equal(disks.get("rg", "d2").provisioning_state, "Deleting")
    equal(poller.result(), None)
    refused(ResourceNotFoundError, 404, "ResourceNotFound", lambda: disks.get("rg", "d2"))


@check("an attached disk: managed_by and disk_state, and no delete")
def _():
    control("attach", {"disk": disks.get("rg", "d1").id, "vm": VM})
    disk = disks.get("rg", "d1")
    equal((disk.managed_by, disk.disk_state), (VM, "Attached"))
    error = refused(
        ResourceExistsError, 409, "OperationNotAllowed", lambda: disks.begin_delete("rg", "d1").result()
    )
    assert VM in error.message, error.message
    control("detach", {"disk": disk.id})


@check("disks.begin_grant_access is refused honestly")
def _():
    try:
        disks.begin_grant_access("rg", "d1", {"access": "Read", "durationInSeconds": 60}).result()
    except HttpResponseError as error:
        assert "beginGetAccess" in error.message, error
        assert error.status_code == 501, error.status_code
        return
    raise AssertionError("access was granted")


# Snapshots ----------------------------------------------------------------------------------------


@check("snapshots.begin_create_or_update from a disk, incremental")
def _():
    disk = disks.get("rg", "d1")
    snapshot = snapshots.begin_create_or_update("rg", "s1", copy(disk.id, incremental=True)).result()
    equal((snapshot.incremental, snapshot.disk_size_gb, snapshot.completion_percent), (True, 4, 100.0))
    equal((snapshot.sku.name, snapshot.provisioning_state), ("Standard_ZRS", "Succeeded"))
    equal(snapshot.creation_data.source_unique_id, disk.unique_id)


@check("a snapshot of a snapshot is of the same family")
def _():
    first = snapshots.get("rg", "s1")
    second = snapshots.begin_create_or_update("rg", "s2", copy(first.id, incremental=True)).result()
    equal(second.incremental_snapshot_family_id, first.incremental_snapshot_family_id)


@check("CopyStart to another region takes its time")
def _():
    source = snapshots.get("rg", "s1").id
    body = copy(source, "CopyStart", "eastus", incremental=True)
    snapshot = snapshots.begin_create_or_update("rg", "far", body).result()
    equal((snapshot.location, snapshot.snapshot_access_state), ("eastus", "Pending"))
    assert snapshot.completion_percent < 100, snapshot.completion_percent


@check("a disk from a snapshot: at least its size")
def _():
    source = snapshots.get("rg", "s1").id
    disk = disks.begin_create_or_update("rg", "restored", copy(source)).result()
    equal((disk.disk_size_gb, disk.creation_data.source_resource_id), (4, source))
    small = copy(source, diskSizeGB=1)
    refused(HttpResponseError, 400, "InvalidParameter", lambda: disks.begin_create_or_update("rg", "small", small))


@check("snapshots.list_by_resource_group, list, begin_delete")
def _():
    equal(sorted(s.name for s in snapshots.list_by_resource_group("rg")), ["far", "s1", "s2"])
    snapshots.begin_delete("rg", "s2").result()
    equal(sorted(s.name for s in snapshots.list()), ["far", "s1"])


@check("a snapshot of what is not there")
def _():
    missing = copy(disks.get("rg", "d1").id + "x")
    refused(
        ResourceNotFoundError,
        404,
        "ResourceNotFound",
        lambda: snapshots.begin_create_or_update("rg", "s3", missing),
    )


# Tags ---------------------------------------------------------------------------------------------


@check("tags.begin_create_or_update_at_scope, begin_update_at_scope (Merge, Replace, Delete), get, delete")
def _():
    scope = disks.get("rg", "d1").id
    tags = resource.tags

    def update(operation, pairs):
        body = {"operation": operation, "properties": {"tags": pairs}}
        return tags.begin_update_at_scope(scope, body).result().properties.tags

    made = tags.begin_create_or_update_at_scope(scope, {"properties": {"tags": {"Key": "1"}}}).result()
    equal((made.name, made.properties.tags), ("default", {"Key": "1"}))
    equal(update("Merge", {"key": "2", "b": "3"}), {"Key": "2", "b": "3"})
    equal(update("Delete", {"b": "other"}), {"Key": "2", "b": "3"})
    equal(update("Delete", {"b": ""}), {"Key": "2"})
    equal(update("Replace", {"c": "4"}), {"c": "4"})
    equal(tags.get_at_scope(scope).properties.tags, {"c": "4"})
    equal(disks.get("rg", "d1").tags, {"c": "4"})
    tags.begin_delete_at_scope(scope).result()
    equal(disks.get("rg", "d1").tags or {}, {})


@check("tags at the scope of the subscription and of a group")
def _():
    for scope in [f"/subscriptions/{SUBSCRIPTION}", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"]:
        body = {"operation": "Merge", "properties": {"tags": {"cost": "1"}}}
        equal(resource.tags.begin_update_at_scope(scope, body).result().properties.tags["cost"], "1")
    equal(groups.get("rg").tags["cost"], "1")


@check("too many tags, and tags of what is not there")
def _():
    many = {"operation": "Merge", "properties": {"tags": {f"t{i}": "" for i in range(51)}}}
    scope = disks.get("rg", "d1").id
    refused(HttpResponseError, 400, "InvalidTags", lambda: resource.tags.begin_update_at_scope(scope, many))
    refused(
        ResourceNotFoundError, 404, "ResourceNotFound", lambda: resource.tags.get_at_scope(scope + "x")
    )


# Resources ----------------------------------------------------------------------------------------


@check("resources.list and list_by_resource_group, with filter and expand")
def _():
    kind = "resourceType eq 'Microsoft.Compute/disks'"
    equal(sorted(r.name for r in resource.resources.list(filter=kind)), ["d1", "restored"])
    found = list(
        resource.resources.list_by_resource_group("rg", filter=kind, expand="createdTime,provisioningState")
    )
    equal([r.provisioning_state for r in found], ["Succeeded", "Succeeded"])
    equal(found[0].created_time.tzinfo is not None, True)


@check("resources.begin_create_or_update_by_id, check_existence_by_id, get_by_id, begin_delete_by_id")
def _():
    by_id, at = resource.resources, {"api_version": DISKS}
    key = disks.get("rg", "d1").id.replace("/d1", "/generic")
    equal(by_id.check_existence_by_id(key, **at), False)
    equal(by_id.begin_create_or_update_by_id(key, empty(), **at).result().name, "generic")
    equal(by_id.check_existence_by_id(key, **at), True)
    equal(by_id.get_by_id(key, **at).properties["diskSizeGB"], 4)
    equal(by_id.begin_update_by_id(key, {"tags": {"a": "b"}}, **at).result().tags, {"a": "b"})
    by_id.begin_delete_by_id(key, **at).result()
    refused(ResourceNotFoundError, 404, "ResourceNotFound", lambda: by_id.get_by_id(key, **at))


@check("an api-version that is too old, one that is none, a type and a namespace that are not there")
def _():
    def get(key, version=DISKS):
        resource.resources.get_by_id(key, api_version=version)

    disk = disks.get("rg", "d1").id
    other = disk.replace("/disks/", "/galleries/")
    nowhere = disk.replace("Microsoft.Compute", "Contoso.Widgets")
    refused(HttpResponseError, 400, "NoRegisteredProviderFound", lambda: get(disk, "2015-01-01"))
    refused(HttpResponseError, 400, "InvalidApiVersionParameter", lambda: get(disk, "latest"))
    refused(ResourceNotFoundError, 404, "InvalidResourceType", lambda: get(other))
    refused(ResourceNotFoundError, 404, "InvalidResourceNamespace", lambda: get(nowhere))


@check("providers.get, unregister, register: MissingSubscriptionRegistration between them")
def _():
    providers, namespace = resource.providers, "Microsoft.Compute"
    assert "disks" in [kind.resource_type for kind in providers.get(namespace).resource_types]
    equal(providers.unregister(namespace).registration_state, "NotRegistered")
    refused(
        ResourceExistsError,
        409,
        "MissingSubscriptionRegistration",
        lambda: disks.begin_create_or_update("rg", "unregistered", empty()),
    )
    equal(providers.register(namespace).registration_state, "Registered")
    equal({p.namespace: p.registration_state for p in providers.list()}[namespace], "Registered")


@check("compute.resource_skus.list and usage.list")
def _():
    skus = [s.name for s in compute.resource_skus.list(filter="location eq 'japaneast'") if s.resource_type == "disks"]
    assert "Premium_LRS" in skus and "PremiumV2_LRS" in skus, skus
    assert any(usage.limit > 0 for usage in compute.usage.list("japaneast"))


# Roles --------------------------------------------------------------------------------------------


@check("role_assignments.create, again, under another name, list, delete")
def _():
    assignments, scope = authorization.role_assignments, groups.get("rg").id
    principal, name = str(uuid.uuid4()), str(uuid.uuid4())
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    body = {
        "properties": {"roleDefinitionId": role, "principalId": principal, "principalType": "ServicePrincipal"}
    }
    equal(assignments.create(scope, name, body).principal_id, principal)
    equal(assignments.create(scope, name, body).name, name)
    error = refused(
        ResourceExistsError,
        409,
        "RoleAssignmentExists",
        lambda: assignments.create(scope, str(uuid.uuid4()), body),
    )
    assert name.replace("-", "") in error.message, error.message
    found = assignments.list_for_scope(scope, filter=f"principalId eq '{principal}'")
    equal([a.name for a in found], [name])
    equal(assignments.delete(scope, name).name, name)
    equal(assignments.delete(scope, name), None)


@check("a principal that the directory does not know: PrincipalNotFound")
def _():
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    body = {"properties": {"roleDefinitionId": role, "principalId": str(uuid.uuid4())}}
    refused(
        HttpResponseError,
        400,
        "PrincipalNotFound",
        lambda: authorization.role_assignments.create(groups.get("rg").id, str(uuid.uuid4()), body),
    )


# Pages, throttling, revoked tokens ----------------------------------------------------------------


@check("520 disks in pages, from the beginning and from a continuation token")
def _():
    def create(number):
        disks.begin_create_or_update("many", f"disk-{number:03}", empty(), polling=False)

    groups.create_or_update("many", {"location": "japaneast"})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(520)))
    names = [f"disk-{number:03}" for number in range(520)]
    equal([disk.name for disk in disks.list_by_resource_group("many")], names)
    equal(len(list(disks.list())), 520 + 2)
    pages = disks.list_by_resource_group("many").by_page()
    first = [disk.name for disk in next(pages)]
    assert len(first) < 520, "there is one page only"
    rest = disks.list_by_resource_group("many").by_page(continuation_token=pages.continuation_token)
    equal(first + [disk.name for page in rest for disk in page], names)


@check("resources.list with top")
def _():
    pages = list(resource.resources.list_by_resource_group("many", top=130).by_page())
    equal([len(list(page)) for page in pages], [130, 130, 130, 130])


@check("429 with Retry-After is retried")
def _():
    action = {"status": 429, "code": "TooManyRequests", "message": "Slow down.", "headers": {"Retry-After": "1"}}
    rule = {"method": "GET", "path": "**/disks/d1", "count": 2, "action": {"respond": action}}
    control("faults", {"rules": [rule]})
    equal(disks.get("rg", "d1").name, "d1")
    control("faults", {"rules": []})


@check("an operation that fails: HttpResponseError with its code")
def _():
    outcome = {"fail": {"code": "AllocationFailed", "message": "No room."}}
    rule = {"method": "PUT", "path": "**/disks/*", "count": 1, "action": {"operation": {"outcome": outcome}}}
    control("faults", {"rules": [rule]})
    try:
        disks.begin_create_or_update("rg", "unlucky", empty()).result()
    except HttpResponseError as error:
        equal((error.error.code, "No room." in error.message), ("AllocationFailed", True))
    else:
        raise AssertionError("the disk was made")
    finally:
        control("faults", {"rules": []})
        disks.begin_delete("rg", "unlucky").result()


@check("a revoked token: ClientAuthenticationError, and a new client goes on")
def _():
    control("expire-tokens", {})
    refused(ClientAuthenticationError, 401, "ExpiredAuthenticationToken", lambda: disks.get("rg", "d1"))


compute = ComputeManagementClient(secret(), SUBSCRIPTION, **common)
resource = ResourceManagementClient(secret(), SUBSCRIPTION, **common)


@check("resource_groups.begin_delete().result() deletes what is in it")
def _():
    resource.resource_groups.begin_delete("many").result()
    resource.resource_groups.begin_delete("rg").result()
    equal(resource.resource_groups.check_existence("rg"), False)
    equal(list(compute.disks.list()), [])


print(f"Azure SDK for Python: {passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
