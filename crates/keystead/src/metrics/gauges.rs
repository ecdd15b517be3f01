//! Gauges: what is measured by looking, once a minute at most (AUD-53).

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keystead_types::Timestamp;

use super::{DataPoint, MetricSink};
use crate::Error;
use crate::engine::Engine;

/// Where gauges go, and what they last showed.
#[derive(Default)]
pub(crate) struct Gauges {
    sinks: Vec<Box<dyn MetricSink>>,
    sample: Mutex<Option<Sample>>,
}

struct Sample {
    at: Duration,
    points: Vec<DataPoint>,
}

impl Gauges {
    pub(crate) fn new(sinks: Vec<Box<dyn MetricSink>>) -> Self {
        Self { sinks, sample: Mutex::default() }
    }

    /// The latest sample.
    pub(crate) fn latest(&self) -> Vec<DataPoint> {
        let sample = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
        sample.as_ref().map(|sample| sample.points.clone()).unwrap_or_default()
    }
}

impl Engine {
    /// Looks at the gauges and tells the sinks, unless that was done within the last minute or nobody wants to know.
    pub(crate) fn sample_gauges(&self, now: Timestamp) -> Result<(), Error> {
        let gauges = &self.gauges;
        if gauges.sinks.is_empty() && self.meter.is_none() {
            return Ok(());
        }
        let at = self.clock.monotonic();
        {
            let mut sample = gauges.sample.lock().unwrap_or_else(PoisonError::into_inner);
            if sample.as_ref().is_some_and(|sample| at.saturating_sub(sample.at) < SAMPLE_EVERY) {
                return Ok(());
            }
            let points = sample.take().map(|sample| sample.points).unwrap_or_default();
            *sample = Some(Sample { at, points });
        }
        let points = self.material_expirations(now)?;
        for point in &points {
            gauges.sinks.iter().for_each(|sink| sink.record(point));
        }
        *gauges.sample.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sample { at, points });
        if !gauges.sinks.is_empty() {
            let metrics = self.metrics();
            gauges.sinks.iter().for_each(|sink| sink.snapshot(&metrics));
        }
        Ok(())
    }

    /// `SecondsUntilKeyMaterialExpiration` of every key that has one (AUD-49).
    fn material_expirations(&self, now: Timestamp) -> Result<Vec<DataPoint>, Error> {
        let mut points = Vec::new();
        for region in self.stored_regions()? {
            // A Region that cannot be opened does not hold up the others, a damaged key no other key.
            let Ok(region) = self.region(region) else { continue };
            // What expires is due some day, or something else of the key is due before.
            for (_, arn) in self.due(&region, Timestamp::MAX)? {
                let key = region.expiring_key(&arn).unwrap_or_default();
                self.evict_surplus(now);
                if let Some(at) = key.and_then(|key| key.material_expiry(now)) {
                    points.push(DataPoint::key_material_expiration(arn.key_id, at.duration_since(now), now));
                }
            }
        }
        Ok(points)
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").field("sinks", &self.sinks.len()).finish_non_exhaustive()
    }
}

const SAMPLE_EVERY: Duration = Duration::from_secs(60);
