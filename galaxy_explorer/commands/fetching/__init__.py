"""Downloads of the command ``fetch``: whole files, the challenge's, and live galaxies."""
