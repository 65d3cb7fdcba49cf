"""The newsroom: two invented news sites, one Azerbaijani and one Uzbek, served on loopback."""
