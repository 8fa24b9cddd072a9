#!/bin/sh
# One piece of a training: so many minutes, then a checkpoint, and the next call goes on from there.
#
#   training/piece.sh MINUTES RUN autoencoder|flow CATALOGUE [OPTIONS of gigs train ...]
#
# Stops by SIGTERM, which saves the last whole step. GIGS (the command) and GIGS_COMPUTE may be set; on a GPU
# GIGS_COMPUTE=bf16,channels_last,compile spares the start-up probe. Exit code 0: the piece, or the whole, is done.
set -eu

minutes=$1 run=$2 what=$3 catalogue=$4
shift 4
resume=
[ -e "$run/checkpoint.pt" ] && resume=--resume
code=0
timeout --signal=TERM --kill-after=60 "${minutes}m" ${GIGS:-gigs} train "$what" "$catalogue" --out "$run" "$@" $resume \
    || code=$?
[ "$code" = 0 ] || [ "$code" = 124 ] || exit "$code"
ls -l "$run/checkpoint.pt"
