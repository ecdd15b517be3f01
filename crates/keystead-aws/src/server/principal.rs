//! Principals, as ARNs name them.

use keystead::{Caller, CallerError};

/// Why a text names no principal that can call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// Another form.
    #[error(
        "`{0}` is not a principal that can call; write `arn:aws:iam::111122223333:root`, `…:user/NAME`, \
         `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION` or `…:federated-user/NAME`"
    )]
    Form(String),
    /// The account in it is none.
    #[error(transparent)]
    Caller(#[from] CallerError),
}

/// The caller that an ARN names, without policies, and what `GetCallerIdentity` calls its `UserId`.
pub(super) fn parse(arn: &str, unique_id: Option<&str>) -> Result<(Caller, String), PrincipalError> {
    let form = || PrincipalError::Form(arn.to_owned());
    let mut parts = arn.splitn(6, ':');
    let ("arn", Some(_partition), Some(service), Some(""), Some(account), Some(resource)) =
        (parts.next().unwrap_or_default(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(form());
    };
    let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
    if name.is_empty() != (kind == "root") || name.starts_with('/') || name.ends_with('/') {
        return Err(form());
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let (caller, user_id) = match (service, kind) {
        ("iam", "root") => (Caller::account_root(account)?, account.to_owned()),
        ("iam", "user") => (Caller::user(account, name)?, unique_id.unwrap_or(last).to_owned()),
        ("sts", "federated-user") => (Caller::federated_user(account, name)?, format!("{account}:{name}")),
        ("sts", "assumed-role") => {
            let (role, session) = name.rsplit_once('/').ok_or_else(form)?;
            let id = unique_id.unwrap_or(role);
            (Caller::role_session(account, role, session)?, format!("{id}:{session}"))
        }
        _ => return Err(form()),
    };
    let caller = match unique_id {
        Some(id) => caller.unique_id(id),
        None => caller,
    };
    Ok((caller, user_id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keystead::Kms;

    #[test]
    fn principals_keep_their_arn() {
        let kms = Kms::in_memory();
        for (arn, user_id) in [
            ("arn:aws:iam::111122223333:root", "111122223333"),
            ("arn:aws:iam::111122223333:user/division/bob", "AIDAEXAMPLE"),
            ("arn:aws:sts::111122223333:assumed-role/service/orders/pod-7", "AIDAEXAMPLE:pod-7"),
            ("arn:aws:sts::111122223333:federated-user/eve", "111122223333:eve"),
        ] {
            let (caller, found) = parse(arn, Some("AIDAEXAMPLE")).unwrap();
            assert_eq!(found, user_id);
            // The session of a role does not show the role's path.
            let shown = arn.replace("service/orders", "orders");
            assert_eq!(kms.client("us-east-1", caller).unwrap().caller_arn(), shown);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "111122223333",
            "arn:aws:iam::111122223333:group/admins",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:user",
            "arn:aws:iam::111122223333:root/x",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:aws:sts::111122223333:assumed-role/orders",
            "arn:aws:iam::1111:root",
        ] {
            assert!(parse(text, None).is_err(), "{text}");
        }
    }
}
