//! AWS JSON 1.1 over HTTP.
