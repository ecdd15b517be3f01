//! What a call has made that was committed without an answer, as others find out.

use super::access::{Role, Seat};
use super::bench::Bench;
use super::call::{Call, Refusal, Reply};
use super::world::{PLACES, World};

impl Bench {
    /// The answer of such a call, as far as it was random and can be found; `world` does not know yet what it has made.
    pub fn outcome(&self, seat: Seat, call: &Call, world: &World) -> Result<Reply, Refusal> {
        let root = |at| Seat { at, role: Role::Root };
        let describe = |at, key| self.call(root(at), &Call::DescribeKey { key, tokens: Vec::new() });
        match call {
            Call::CreateKey { .. } => {
                let keys = self.keys(seat.at)?;
                let new = keys.into_iter().find(|id| world.find(seat.at, id).is_none());
                describe(seat.at, new.unwrap_or_default())
            }
            // It has made the key of a service.
            Call::DescribeKey { .. } => self.call(seat, call),
            Call::ReplicateKey { key, region, .. } => {
                let there = (0..PLACES.len())
                    .find(|at| (PLACES[*at].region, PLACES[*at].account) == (region, seat.place().account));
                let there = there.unwrap_or(seat.at);
                let id = key.rsplit('/').next().unwrap_or_default().to_owned();
                let Reply::Metadata(metadata) = describe(there, id.clone())? else { return Ok(Reply::Unit) };
                let policy = self.call(root(there), &Call::GetKeyPolicy { key: id, name: None })?;
                let Reply::Policy { text, .. } = policy else { return Ok(Reply::Unit) };
                Ok(Reply::Replicated { metadata, policy: text, tags: Vec::new() })
            }
            Call::CreateGrant(_) => {
                for at in [seat.at, seat.at ^ 1] {
                    for key in self.keys(at)? {
                        let list = Call::ListGrants { key, id: None, grantee: None, limit: None };
                        let Reply::Grants(grants) = self.call(root(at), &list)? else { continue };
                        if let Some(new) = grants.into_iter().find(|grant| !world.told.contains(&grant.id)) {
                            return Ok(Reply::Granted { token: format!("lost with {}", new.id), id: new.id });
                        }
                    }
                }
                Err(Refusal::code("no new grant"))
            }
            _ => Err(Refusal::code("nothing is random")),
        }
    }

    fn keys(&self, at: usize) -> Result<Vec<String>, Refusal> {
        match self.call(Seat { at, role: Role::Root }, &Call::ListKeys { limit: None })? {
            Reply::Keys(keys) => Ok(keys.into_iter().map(|(id, _)| id).collect()),
            _ => Ok(Vec::new()),
        }
    }
}
