//! The operations that later versions implement. Their requests are complete: they are checked and recorded like any
//! other, and then answered with `UnsupportedOperationException` (API-001).

use std::borrow::Cow;

use keystead_types::Timestamp;

use super::answers::Unit;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::request::request;
use crate::targets::NoKey;
use crate::value::{Blob, XksProxyAuthenticationCredential};

/// Declares a request whose operation does not exist yet.
macro_rules! later {
    ($(#[$doc:meta])* $name:ident: $row:ident, $method:ident { $($members:tt)* }) => {
        request! {
            $(#[$doc])*
            $name: $row -> Unit { $($members)* }
        }

        impl Client {
            $(#[$doc])*
            pub fn $method(&self) -> Call<'_, $name<'_>> {
                self.call($name::new())
            }
        }

        impl Operation for $name<'_> {
            type Targets = NoKey;
            type Prepared<'p> = () where Self: 'p;

            fn check(&self) -> Result<(), Error> {
                let message = concat!(stringify!($name), " is not supported by this version of Keystead.");
                Err(Error::UnsupportedOperation(message.into()))
            }

            fn wanted(&self, _: &CallFacts<'_>) -> Result<(), Error> {
                Ok(())
            }

            fn prepare<'p>(&'p self, _: &'p Authorized<NoKey>, _: &CallFacts<'p>) -> Result<(), Error> {
                self.check()
            }

            fn perform((): (), _: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
                Ok(Effect::reading(Unit))
            }
        }
    };
}

later! {
    /// Connects a key store. Not supported yet.
    ConnectCustomKeyStore: CONNECT_CUSTOM_KEY_STORE, connect_custom_key_store {
        /// The key store.
        custom_key_store_id: Cow<'a, str>,
    }
}

later! {
    /// Creates a key store. Not supported yet.
    CreateCustomKeyStore: CREATE_CUSTOM_KEY_STORE, create_custom_key_store {
        /// The name of the key store.
        custom_key_store_name: Cow<'a, str>,
        /// The cluster.
        cloud_hsm_cluster_id: Cow<'a, str>,
        /// The trust anchor of the cluster.
        trust_anchor_certificate: Cow<'a, str>,
        /// The password of the crypto user.
        key_store_password: Blob<'a>,
        /// `AWS_CLOUDHSM` or `EXTERNAL_KEY_STORE`.
        custom_key_store_type: Cow<'a, str>,
        /// The endpoint of the proxy.
        xks_proxy_uri_endpoint: Cow<'a, str>,
        /// The path at the proxy.
        xks_proxy_uri_path: Cow<'a, str>,
        /// The endpoint service of the proxy.
        xks_proxy_vpc_endpoint_service_name: Cow<'a, str>,
        /// The owner of the endpoint service.
        xks_proxy_vpc_endpoint_service_owner: Cow<'a, str>,
        /// The credential of the proxy.
        xks_proxy_authentication_credential: XksProxyAuthenticationCredential<'a>,
        /// How the proxy is reached.
        xks_proxy_connectivity: Cow<'a, str>,
    }
}

later! {
    /// Deletes an empty key store. Not supported yet.
    DeleteCustomKeyStore: DELETE_CUSTOM_KEY_STORE, delete_custom_key_store {
        /// The key store.
        custom_key_store_id: Cow<'a, str>,
    }
}

later! {
    /// Deletes imported material. Not supported yet.
    DeleteImportedKeyMaterial: DELETE_IMPORTED_KEY_MATERIAL, delete_imported_key_material {
        /// The key.
        key_id: Cow<'a, str>,
        /// The material.
        key_material_id: Cow<'a, str>,
    }
}

later! {
    /// Describes key stores. Not supported yet.
    DescribeCustomKeyStores: DESCRIBE_CUSTOM_KEY_STORES, describe_custom_key_stores {
        /// The key store.
        custom_key_store_id: Cow<'a, str>,
        /// The name of the key store.
        custom_key_store_name: Cow<'a, str>,
        /// Items on a page.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
    }
}

later! {
    /// Disconnects a key store. Not supported yet.
    DisconnectCustomKeyStore: DISCONNECT_CUSTOM_KEY_STORE, disconnect_custom_key_store {
        /// The key store.
        custom_key_store_id: Cow<'a, str>,
    }
}

later! {
    /// Gives what an import needs. Not supported yet.
    GetParametersForImport: GET_PARAMETERS_FOR_IMPORT, get_parameters_for_import {
        /// The key.
        key_id: Cow<'a, str>,
        /// How the material will be wrapped.
        wrapping_algorithm: Cow<'a, str>,
        /// The kind of wrapping key.
        wrapping_key_spec: Cow<'a, str>,
    }
}

later! {
    /// Imports key material. Not supported yet.
    ImportKeyMaterial: IMPORT_KEY_MATERIAL, import_key_material {
        /// The key.
        key_id: Cow<'a, str>,
        /// The token that came with the wrapping key.
        import_token: Blob<'a>,
        /// The wrapped material.
        encrypted_key_material: Blob<'a>,
        /// When the material expires.
        valid_to: Timestamp,
        /// Whether the material expires.
        expiration_model: Cow<'a, str>,
        /// Whether the material is new.
        import_type: Cow<'a, str>,
        /// A description of the material.
        key_material_description: Cow<'a, str>,
        /// The material.
        key_material_id: Cow<'a, str>,
    }
}

later! {
    /// Changes a key store. Not supported yet.
    UpdateCustomKeyStore: UPDATE_CUSTOM_KEY_STORE, update_custom_key_store {
        /// The key store.
        custom_key_store_id: Cow<'a, str>,
        /// The new name.
        new_custom_key_store_name: Cow<'a, str>,
        /// The password of the crypto user.
        key_store_password: Blob<'a>,
        /// The cluster.
        cloud_hsm_cluster_id: Cow<'a, str>,
        /// The endpoint of the proxy.
        xks_proxy_uri_endpoint: Cow<'a, str>,
        /// The path at the proxy.
        xks_proxy_uri_path: Cow<'a, str>,
        /// The endpoint service of the proxy.
        xks_proxy_vpc_endpoint_service_name: Cow<'a, str>,
        /// The owner of the endpoint service.
        xks_proxy_vpc_endpoint_service_owner: Cow<'a, str>,
        /// The credential of the proxy.
        xks_proxy_authentication_credential: XksProxyAuthenticationCredential<'a>,
        /// How the proxy is reached.
        xks_proxy_connectivity: Cow<'a, str>,
    }
}
