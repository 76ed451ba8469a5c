//! Resource providers, their registration, and the regions they live in.

use http::Method;
use kompox_emulator_core::reply::Reply;
use kompox_emulator_core::store::State;
use serde_json::{Value, json};

use super::error::{ArmError, ArmResult};
use super::id::ResourceId;
use crate::context::RequestContext;
use crate::types;

/// A region.
pub(crate) struct Region {
    pub(crate) name: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) geography: &'static str,
    /// Whether it has availability zones 1, 2 and 3.
    pub(crate) zones: bool,
}

const fn region(
    name: &'static str,
    display_name: &'static str,
    geography: &'static str,
    zones: bool,
) -> Region {
    Region {
        name,
        display_name,
        geography,
        zones,
    }
}

/// The regions served: enough to be in another one, or in one without zones.
pub(crate) const REGIONS: [Region; 10] = [
    region("japaneast", "Japan East", "Asia Pacific", true),
    region("japanwest", "Japan West", "Asia Pacific", false),
    region("southeastasia", "Southeast Asia", "Asia Pacific", true),
    region("eastus", "East US", "US", true),
    region("eastus2", "East US 2", "US", true),
    region("westus", "West US", "US", false),
    region("westus2", "West US 2", "US", true),
    region("northeurope", "North Europe", "Europe", true),
    region("westeurope", "West Europe", "Europe", true),
    region("germanywestcentral", "Germany West Central", "Europe", true),
];

/// The region by name or display name: ARM takes both, without case and spaces.
pub(crate) fn find_region(location: &str) -> Option<&'static Region> {
    let name: String = location
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    REGIONS.iter().find(|region| region.name == name)
}

/// Namespaces that need no registration.
const BUILT_IN: [&str; 2] = ["Microsoft.Authorization", "Microsoft.Resources"];

/// Namespaces that can be registered for, though nothing of theirs is served: add-ons of clusters ask for them.
const WITHOUT_TYPES: [&str; 2] = ["Microsoft.OperationsManagement", "Microsoft.PolicyInsights"];

fn namespaces() -> impl Iterator<Item = &'static str> {
    BUILT_IN
        .into_iter()
        .chain(WITHOUT_TYPES)
        .chain(types::all().iter().map(|kind| kind.info().namespace))
}

/// The registered spelling of a namespace.
pub(crate) fn canonical(namespace: &str) -> Option<&'static str> {
    namespaces().find(|known| known.eq_ignore_ascii_case(namespace))
}

/// 404 for a namespace that does not exist.
pub(crate) fn invalid_namespace(namespace: &str) -> Box<ArmError> {
    ArmError::new(
        404,
        "InvalidResourceNamespace",
        format!("The resource namespace '{namespace}' is invalid."),
    )
}

/// Refuses writes to a namespace that the subscription is not registered for.
pub(crate) fn check_registered(cx: &RequestContext<'_>, namespace: &str) -> ArmResult<()> {
    if is_registered(cx.state, namespace) {
        return Ok(());
    }
    Err(ArmError::new(
        409,
        "MissingSubscriptionRegistration",
        format!(
            "The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for \
             how to register subscriptions."
        ),
    )
    .target(namespace))
}

/// Whether the subscription is registered for a namespace.
pub(crate) fn is_registered(state: &State, namespace: &str) -> bool {
    state.settings.get(&setting(namespace)).is_none()
}

fn setting(namespace: &str) -> String {
    format!("unregistered:{}", namespace.to_ascii_lowercase())
}

/// `GET /subscriptions/{id}/providers`.
pub(crate) fn list(cx: &RequestContext<'_>) -> ArmResult<Reply> {
    read_access(cx)?;
    let mut namespaces: Vec<&str> = namespaces().collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let providers: Vec<Value> = namespaces
        .into_iter()
        .map(|namespace| document(cx, namespace))
        .collect();
    Ok(Reply::json(200, &json!({ "value": providers })))
}

/// `GET /subscriptions/{id}/providers/{namespace}`.
pub(crate) fn get(cx: &RequestContext<'_>, namespace: &str) -> ArmResult<Reply> {
    read_access(cx)?;
    let namespace = canonical(namespace).ok_or_else(|| invalid_namespace(namespace))?;
    Ok(Reply::json(200, &document(cx, namespace)))
}

/// `POST …/register` and `…/unregister`.
pub(crate) fn set_registered(
    cx: &mut RequestContext<'_>,
    namespace: &str,
    registered: bool,
) -> ArmResult<Reply> {
    supported(cx)?;
    let namespace = canonical(namespace).ok_or_else(|| invalid_namespace(namespace))?;
    let verb = if registered { "register" } else { "unregister" };
    let scope = ResourceId::of_subscription(cx.subscription()).to_string();
    cx.authorize(&format!("{namespace}/{verb}/action"), &scope)?;
    register(cx.state, namespace, registered);
    Ok(Reply::json(200, &document(cx, namespace)))
}

/// Registers the subscription for a namespace, or takes the registration back.
pub(crate) fn register(state: &mut State, namespace: &str, registered: bool) {
    state
        .settings
        .set(&setting(namespace), (!registered).then_some("true"));
}

fn read_access(cx: &RequestContext<'_>) -> ArmResult<()> {
    if cx.request.method != Method::GET {
        return Err(ArmError::method(&cx.request.method));
    }
    supported(cx)?;
    let scope = ResourceId::of_subscription(cx.subscription()).to_string();
    cx.authorize("Microsoft.Resources/subscriptions/providers/read", &scope)
}

fn supported(cx: &RequestContext<'_>) -> ArmResult<()> {
    let region = &cx.environment.options.region;
    super::version::supported(
        cx.request,
        "Microsoft.Resources",
        "providers",
        super::api_versions::GROUPS,
        region,
    )
}

fn document(cx: &RequestContext<'_>, namespace: &str) -> Value {
    let locations: Vec<&str> = REGIONS.iter().map(|region| region.display_name).collect();
    let kinds: Vec<Value> = types::all()
        .iter()
        .map(|kind| kind.info())
        .filter(|info| info.namespace == namespace)
        .map(|info| {
            json!({
                "resourceType": info.kind,
                "locations": locations,
                "apiVersions": info.versions,
                "capabilities": "CrossResourceGroupResourceMove, SupportsTags, SupportsLocation"
            })
        })
        .collect();
    let always = BUILT_IN.contains(&namespace);
    json!({
        "id": format!("/subscriptions/{}/providers/{namespace}", cx.subscription()),
        "namespace": namespace,
        "resourceTypes": kinds,
        "registrationState": if is_registered(cx.state, namespace) { "Registered" } else { "NotRegistered" },
        "registrationPolicy": if always { "RegistrationFree" } else { "RegistrationRequired" }
    })
}
