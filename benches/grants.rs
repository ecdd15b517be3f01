//! Whether 50,000 grants on a key cost more than five.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use keystead::{Caller, Client, EncryptionContext, GrantId, Kms, QuotaProfile};
use keystead_benches::{ACCOUNT, Measure, REGION, print_ratios, timed};

const COUNTS: [usize; 2] = [5, 50_000];

fn main() {
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500))
        .configure_from_args();
    let keys = COUNTS.map(Granted::new);
    let mut group = criterion.benchmark_group("grants");
    for (name, measure) in MEASURES {
        for (count, key) in COUNTS.iter().zip(&keys) {
            group.bench_function(BenchmarkId::new(*name, count), |bencher| {
                bencher.iter_custom(|iterations| (0..iterations).map(|_| measure(key)).sum());
            });
        }
    }
    group.finish();
    criterion.final_summary();
    let [few, many] = &keys;
    print_ratios(["5 grants", "50,000 grants"], [few, many], MEASURES, CALLS);
}

const MEASURES: &[(&str, Measure<Granted>)] = &[
    ("encrypt_by_user", |key| timed(|| key.encrypt(&key.user))),
    ("encrypt_by_tenant", |key| timed(|| key.encrypt(&key.role))),
    ("encrypt_refused", |key| timed(|| key.refuse())),
    ("create_grant", |key| {
        let (elapsed, id) = key.create();
        key.revoke(id);
        elapsed
    }),
    ("encrypt_after_create", |key| {
        let (_, id) = key.create();
        let elapsed = timed(|| key.encrypt(&key.user));
        key.revoke(id);
        elapsed
    }),
];

/// A key with many grants: half of them to a user each, half of them to one role, for a tenant each.
struct Granted {
    root: Client,
    key: String,
    /// The grantee of one of the grants.
    user: Client,
    /// A session of the role.
    role: Client,
    /// A user whom no grant names.
    stranger: Client,
    /// The tenant of one of the grants to the role.
    tenant: String,
}

impl Granted {
    fn new(count: usize) -> Self {
        let kms = Kms::builder().no_audit().quotas(QuotaProfile::UNLIMITED).build().unwrap();
        let root = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let key = root.create_key().send().unwrap().key_metadata.key_id.to_string();
        for number in 0..count {
            if number % 2 == 0 {
                let user = format!("arn:aws:iam::{ACCOUNT}:user/u{number}");
                root.create_grant(&key, user).operation("Encrypt").operation("Decrypt").send().unwrap();
            } else {
                let role = format!("arn:aws:iam::{ACCOUNT}:role/app");
                let tenant = number.to_string();
                let pairs = EncryptionContext::from_iter([("app", "orders"), ("tenant", tenant.as_str())]);
                let call = root.create_grant(&key, role).operation("Encrypt").operation("Decrypt");
                call.encryption_context_subset(pairs).send().unwrap();
            }
        }
        let middle = count / 4 * 2;
        let client = |caller: Caller| kms.client(REGION, caller).unwrap();
        Self {
            root,
            key,
            user: client(Caller::user(ACCOUNT, &format!("u{middle}")).unwrap()),
            role: client(Caller::role_session(ACCOUNT, "app", "session").unwrap()),
            stranger: client(Caller::user(ACCOUNT, "stranger").unwrap()),
            tenant: (middle + 1).to_string(),
        }
    }

    fn encrypt(&self, client: &Client) {
        let call = client.encrypt(black_box(&self.key), black_box(&PLAINTEXT));
        black_box(call.context("app", "orders").context("tenant", &self.tenant).send().unwrap());
    }

    fn refuse(&self) {
        let call = self.stranger.encrypt(black_box(&self.key), black_box(&PLAINTEXT));
        black_box(call.context("app", "orders").context("tenant", &self.tenant).send().unwrap_err());
    }

    fn create(&self) -> (Duration, GrantId) {
        let call = self.root.create_grant(&self.key, self.stranger.caller_arn()).operation("Decrypt");
        let begin = Instant::now();
        let made = call.send().unwrap();
        (begin.elapsed(), made.grant_id)
    }

    fn revoke(&self, id: GrantId) {
        self.root.revoke_grant(&self.key, &id).send().unwrap();
    }
}

const PLAINTEXT: [u8; 32] = [7; 32];
const CALLS: usize = 20_000;
