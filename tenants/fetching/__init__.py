"""The one way out of the portal to addresses that strangers wrote: a guarded GET."""
