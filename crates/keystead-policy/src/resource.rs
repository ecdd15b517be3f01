//! The resource that a request is about.

/// A resource: a key, an alias, or the synthetic resource of operations that have none.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    arn: SplitArn<'a>,
    account: &'a str,
}

impl<'a> Resource<'a> {
    /// The resource with this ARN. `account` is its owner as the library knows it, never as the ARN in a request
    /// claims it.
    ///
    /// Keys are named by key ARN however the request identified them (POL-11), aliases by alias ARN, and operations
    /// without a resource by `arn:<partition>:kms:<region>:<account>:*` (POL-10) in the caller's own account. A text
    /// that is no ARN, such as `*` for an action of another service, is matched by the pattern `*` alone.
    pub fn new(arn: &'a str, account: &'a str) -> Self {
        Self { arn: SplitArn::new(arn), account }
    }

    /// A resource whose ARN was split before: for one that is asked about often.
    pub fn from_split(arn: SplitArn<'a>, account: &'a str) -> Self {
        Self { arn, account }
    }

    /// The ARN.
    pub fn arn(&self) -> &'a str {
        self.arn.text
    }

    /// The account that owns the resource.
    pub fn account(&self) -> &'a str {
        self.account
    }

    pub(crate) fn split(&self) -> &SplitArn<'a> {
        &self.arn
    }
}

/// An ARN and the places of its first five colons.
#[derive(Clone, Copy, Debug)]
pub struct SplitArn<'a> {
    text: &'a str,
    colons: ArnColons,
}

/// The places of the first five colons of an ARN. A host that keeps an ARN may keep these beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnColons(Option<[u16; 5]>);

impl ArnColons {
    /// Finds the colons of a text. A text with fewer than five, or with one of them beyond 65,535 bytes, is no ARN:
    /// only the pattern `*` matches it.
    pub fn find(text: &str) -> Self {
        let mut places = [0; 5];
        let mut found = 0;
        for (place, _) in text.bytes().enumerate().filter(|&(_, byte)| byte == b':').take(5) {
            let Ok(place) = u16::try_from(place) else { return Self(None) };
            places[found] = place;
            found += 1;
        }
        Self((found == 5).then_some(places))
    }
}

impl<'a> SplitArn<'a> {
    /// Splits an ARN.
    pub fn new(text: &'a str) -> Self {
        Self { text, colons: ArnColons::find(text) }
    }

    /// Joins an ARN with its colons found earlier by [`ArnColons::find`]. With the colons of another text the ARN
    /// is compared wrongly, or not at all.
    pub fn from_parts(text: &'a str, colons: ArnColons) -> Self {
        Self { text, colons }
    }

    /// Whether this is an ARN, and the one given.
    pub(crate) fn is(&self, arn: &str) -> bool {
        self.colons.0.is_some() && self.text == arn
    }

    /// The six parts: five up to a colon each, and the resource part, which keeps its own colons.
    pub(crate) fn part(&self, index: usize) -> Option<&'a str> {
        let colons = self.colons.0?;
        let start = if index == 0 { 0 } else { usize::from(*colons.get(index - 1)?) + 1 };
        let end = colons.get(index).map_or(self.text.len(), |&place| usize::from(place));
        self.text.get(start..end)
    }
}
