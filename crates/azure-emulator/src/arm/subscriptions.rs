//! The one tenant, its subscriptions, and the regions.

use http::Method;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use super::providers::REGIONS;
use crate::context::RequestContext;

/// What the emulator's own subscription is called.
const NAME: &str = "Kompox emulator";
const SETTING: &str = "subscription:";

/// `GET /tenants`.
pub(crate) fn tenants(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    let tenant = &cx.environment.identity.tenant_id;
    Ok(page(&json!([{
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "countryCode": "JP",
        "displayName": "Kompox emulator",
        "defaultDomain": "kompox-emulator.example",
        "domains": ["kompox-emulator.example"],
        "tenantCategory": "Home",
        "tenantType": "AAD"
    }])))
}

/// `GET /subscriptions`.
pub(crate) fn list(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    let own = &cx.environment.identity.subscription_id;
    let mut all = vec![document(cx, own, NAME)];
    all.extend(added(cx.state).map(|(id, name)| document(cx, id, name)));
    let body = json!({ "count": { "type": "Total", "value": all.len() }, "value": all });
    Ok(Reply::json(200, &body))
}

/// `GET /subscriptions/{id}`.
pub(crate) fn get(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    cx.authorize("Microsoft.Resources/subscriptions/read", &scope(cx))?;
    let (id, name) = (cx.subscription(), display_name(cx.state, cx.subscription()));
    Ok(Reply::json(200, &document(cx, id, name)))
}

/// Adds a subscription beside the emulator's own, or gives it another name.
pub(crate) fn add(state: &mut State, id: &str, name: &str) {
    state
        .settings
        .set(&format!("{SETTING}{}", id.to_lowercase()), Some(name));
}

/// Those added, each with its name.
fn added(state: &State) -> impl Iterator<Item = (&str, &str)> {
    state
        .settings
        .starting_with(SETTING)
        .filter_map(|(key, name)| Some((key.strip_prefix(SETTING)?, name)))
}

/// What a subscription is called.
pub(crate) fn display_name<'a>(state: &'a State, id: &str) -> &'a str {
    let setting = format!("{SETTING}{}", id.to_lowercase());
    state.settings.get(&setting).unwrap_or(NAME)
}

/// Whether there is such a subscription.
pub(crate) fn exists(cx: &RequestContext<'_>, id: &str) -> bool {
    id.eq_ignore_ascii_case(&cx.environment.identity.subscription_id)
        || cx
            .state
            .settings
            .get(&format!("{SETTING}{}", id.to_lowercase()))
            .is_some()
}

/// Refuses a subscription that is not there.
pub(crate) fn check(cx: &RequestContext<'_>, subscription: &str) -> ArmResult<()> {
    if exists(cx, subscription) {
        return Ok(());
    }
    if uuid::Uuid::try_parse(subscription).is_err() {
        return Err(ArmError::new(
            400,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{subscription}' is malformed or invalid."),
        ));
    }
    Err(ArmError::new(
        404,
        "SubscriptionNotFound",
        format!("The subscription '{subscription}' could not be found."),
    ))
}

/// `GET /subscriptions/{id}/locations`.
pub(crate) fn locations(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    only_get(cx)?;
    let scope = scope(cx);
    cx.authorize("Microsoft.Resources/subscriptions/locations/read", &scope)?;
    let regions = REGIONS.iter().map(|region| {
        let zones = region.zones.then(|| {
            ["1", "2", "3"].map(
                |zone| json!({ "logicalZone": zone, "physicalZone": format!("{}-az{zone}", region.name) }),
            )
        });
        json!({
            "id": format!("{scope}/locations/{}", region.name),
            "name": region.name,
            "type": "Region",
            "displayName": region.display_name,
            "regionalDisplayName": region.display_name,
            "metadata": {
                "regionType": "Physical",
                "regionCategory": "Recommended",
                "geographyGroup": region.geography
            },
            "availabilityZoneMappings": zones
        })
    });
    Ok(page(&regions.collect()))
}

fn scope(cx: &RequestContext<'_>) -> String {
    ResourceId::of_subscription(cx.subscription()).to_string()
}

fn document(cx: &RequestContext<'_>, subscription: &str, name: &str) -> Value {
    let id = ResourceId::of_subscription(subscription).to_string();
    let tags = super::tags::current(cx.state, &id.to_lowercase());
    json!({
        "id": id,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "tags": tags,
        "subscriptionId": subscription,
        "tenantId": cx.environment.identity.tenant_id,
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off"
        }
    })
}

fn page(value: &Value) -> Reply {
    Reply::json(200, &json!({ "value": value }))
}

fn only_get(cx: &RequestContext<'_>) -> ArmResult<()> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    super::version::supported(
        cx.request,
        "Microsoft.Resources",
        "subscriptions",
        super::api_versions::SUBSCRIPTIONS,
        &cx.environment.options.region,
    )
}
