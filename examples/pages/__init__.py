"""Pages written by hand after the habits of Azerbaijani and Uzbek news sites, with their gold."""
