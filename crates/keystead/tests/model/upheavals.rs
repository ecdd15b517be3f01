//! What befalls an instance between two calls, and what must be the same afterwards.

use proptest::prelude::*;

use super::access::{ROLES, Role, Seat};
use super::call::{Blob, Call, Side};
use super::disk::Failure;
use super::run::{Both, Checked};
use super::world::{Spot, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upheaval {
    /// The process ends in peace, and another begins.
    Restart,
    /// The same, and everything is looked at.
    Inspection,
    /// The domain key of a Region rotates.
    DomainKey,
    /// Between two processes the root key is replaced.
    RootKey,
    /// The next process goes on with a backup.
    Backup,
    /// The sink of events begins to refuse them, or ceases to.
    Deafness,
}

/// How often something befalls an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turmoil {
    Little,
    Much,
}

impl Upheaval {
    fn name(self) -> &'static str {
        match self {
            Self::Restart => "a restart",
            Self::Inspection => "an inspection after a restart",
            Self::DomainKey => "a rotation of a domain key",
            Self::RootKey => "a replacement of the root key",
            Self::Backup => "a restored backup",
            Self::Deafness => "a sink of events that refuses",
        }
    }
}

impl Turmoil {
    pub fn upheavals(self) -> impl Strategy<Value = Option<Upheaval>> {
        use Upheaval::*;

        let any = prop_oneof![
            8 => Just(Restart),
            2 => Just(Inspection),
            3 => Just(DomainKey),
            2 => Just(RootKey),
            2 => Just(Backup),
        ];
        match self {
            Self::Little => proptest::option::weighted(0.004, any.boxed()),
            Self::Much => proptest::option::weighted(0.05, prop_oneof![12 => any, 1 => Just(Deafness)].boxed()),
        }
    }
}

/// How the store fails, and at which commit.
pub fn failures() -> impl Strategy<Value = Option<(Failure, u64)>> {
    let failure = prop_oneof![Just(Failure::Refused), Just(Failure::Unknown), Just(Failure::Absent)];
    proptest::option::weighted(0.08, (failure, 1..6_u64))
}

impl Both {
    /// Lets it come over the library. The model knows nothing of it.
    pub fn befall(&mut self, upheaval: Upheaval, at: usize, failure: Option<(Failure, u64)>) -> Checked {
        self.note(format!("{upheaval:?} in place {at}, {failure:?}"));
        self.world.feat(upheaval.name());
        match upheaval {
            Upheaval::Restart => self.bench.restart(),
            Upheaval::Inspection => {
                self.bench.restart();
                self.look()?;
            }
            Upheaval::RootKey => self.bench.replace_root_key(),
            Upheaval::Backup => {
                self.bench.restore_backup();
                // What an instance saves when it ends is not in a backup that was made before.
                self.world.forget_uses();
            }
            Upheaval::DomainKey => self.rotate_domain_key(at, failure)?,
            Upheaval::Deafness => self.turn_ears()?,
        }
        Ok(())
    }

    /// One that fails is finished by the next.
    fn rotate_domain_key(&mut self, at: usize, failure: Option<(Failure, u64)>) -> Checked {
        if let Some((failure, n)) = failure
            && self.bench.rotate_domain_key_failing(at, failure, n).is_err()
        {
            self.world.feat("a domain key whose rotation failed");
            self.world.forget_uses();
        }
        let rotation = self.bench.rotate_domain_key(at);
        if rotation.retired == 0 {
            return Err(self.failure(&format!("{rotation:?} has left the former domain key")));
        }
        Ok(())
    }

    /// Events of deletions come later; others that happen while nobody listens are lost (STA-96).
    pub fn turn_ears(&mut self) -> Checked {
        self.sweep()?;
        let listens = !self.bench.listens();
        if listens {
            self.doubt_events_since(self.deaf_since);
        }
        self.deaf_since = self.world.happenings.len();
        self.bench.listen(listens);
        Ok(())
    }

    /// A call that meets a failing store. It says so and changes nothing, or has no need of the store; only of a commit
    /// of unknown outcome it may not know whether it has changed something.
    pub fn call_failing(&mut self, seat: Seat, call: &Call, failure: Failure) -> Checked {
        // What is due is out of the way of the failure.
        self.sweep()?;
        let (answer, has_committed) = self.bench.call_failing(seat, call, failure);
        if !matches!(&answer, Err(refusal) if refusal.code == "KMSInternalException") {
            self.compare(seat, call, answer)?;
            // What was tried may have been to save when keys were used, and that waits. Anything else is missing now.
            return if has_committed { self.look() } else { Ok(()) };
        }
        self.note(format!("{failure:?}: {} {:?}: {call:?} -> {answer:?}", seat.at, seat.role));
        self.world.feat(failure.name());
        self.world.forget_uses();
        if failure == Failure::Unknown && has_committed {
            if matches!(call, Call::CreateKey { .. } | Call::CreateGrant(_) | Call::ReplicateKey { .. }) {
                self.world.feat("something new that nobody was told of");
            }
            let happened = self.world.happenings.len();
            let told = self.bench.outcome(seat, call, &self.world);
            if let Err(refusal) = self.world.answer(seat, call, told.as_ref()) {
                return Err(self.failure(&format!("the call was committed, but had to be refused: {refusal:?}")));
            }
            self.world.lose_token(call);
            self.doubt_since(happened);
        }
        self.bench.skip_records();
        self.look()
    }

    /// A sweep that the next one has to finish.
    pub fn sweep_failing(&mut self, failure: Failure, n: u64) -> Checked {
        self.note(format!("sweep with {failure:?} at {n}"));
        self.world.settle_all();
        if self.bench.sweep_failing(failure, n) {
            self.world.feat("a sweep that failed");
        }
        self.world.forget_uses();
        self.doubt_since(self.swept);
        self.sweep_rest().map(drop)
    }

    /// Everything that can be seen is as the model has it.
    pub fn look(&mut self) -> Checked {
        for (seat, call) in everything(&self.world) {
            self.call(seat, &call)?;
        }
        for at in 0..self.world.scopes.len() {
            let (counted, living) = (self.bench.key_count(at), self.world.counted(at));
            if counted != living {
                return Err(self.failure(&format!("{counted} keys are counted in place {at}, but {living} exist")));
            }
        }
        Ok(())
    }
}

/// The calls that read everything.
fn everything(world: &World) -> Vec<(Seat, Call)> {
    let mut calls = Vec::new();
    for at in 0..world.scopes.len() {
        let root = Seat { at, role: Role::Root };
        let mut read = |call| calls.push((root, call));
        read(Call::ListKeys { limit: Some(3) });
        read(Call::ListAliases { key: None, limit: Some(2) });
        for role in ROLES {
            read(Call::ListRetirableGrants { principal: Seat { at, role }.arn(), limit: Some(3) });
        }
        for index in 0..world.scopes[at].keys.len() {
            let key = world.id(Spot { at, index }).to_owned();
            read(Call::DescribeKey { key: key.clone(), tokens: Vec::new() });
            read(Call::GetKeyRotationStatus { key: key.clone() });
            read(Call::ListKeyRotations { key: key.clone(), all: true, limit: Some(2) });
            read(Call::ListResourceTags { key: key.clone(), limit: Some(7) });
            read(Call::GetKeyPolicy { key: key.clone(), name: None });
            read(Call::GetKeyLastUsage { key: key.clone() });
            read(Call::ListGrants { key: key.clone(), id: None, grantee: None, limit: Some(3) });
            read(Call::ListAliases { key: Some(key), limit: Some(1) });
        }
    }
    // Last, because these are uses.
    calls.extend((0..world.ciphertexts.len()).map(|index| decryption(world, index)));
    calls
}

/// The decryption of a ciphertext where it was made.
fn decryption(world: &World, index: usize) -> (Seat, Call) {
    let ciphertext = &world.ciphertexts[index];
    let key = world.scopes[ciphertext.at].place.key_arn(&world.cores[ciphertext.core].id);
    let blob = Blob { bytes: ciphertext.blob.clone(), origin: Some(index), intact: true };
    let (context, algorithm) = (ciphertext.context.clone(), ciphertext.algorithm);
    let side = Side { key: algorithm.map(|_| key), context, algorithm };
    (Seat { at: ciphertext.at, role: Role::Root }, Call::Decrypt { blob, side, dry_run: false })
}
