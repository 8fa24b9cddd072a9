#!/bin/sh
# From a newer generator and encoder to the bundled pack: its scorers, gate and limits all know the older ones' pictures.
#
#   training/rebuild-pack.sh GENERATOR ENCODER OUT [CATALOGUE]
#
# Works on a copy in OUT/hm-64, which then replaces src/gigs/packs/bundled/hm-64; edit its card and the docs by hand.
# A finished stage is not repeated, and training goes on where it was. GIGS (the command), PHOTOS and JUDGED (how many
# held-out photos set the gate and the disagreement of judges) may be set.
set -eu

generator=$1 encoder=$2 out=$3 catalogue=${4:-data/hm}
gigs=${GIGS:-.venv/bin/gigs} photos=${PHOTOS:-120} judged=${JUDGED:-60}
where='group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'
pack=$out/hm-64

stage() {  # NAME COMMAND...: once
    name=$1
    shift
    [ -e "$out/$name.done" ] && return
    echo "$(date +%H:%M:%S) $name"
    "$@"
    touch "$out/$name.done"
}

train() {  # NAME KIND OPTIONS...: a scorer that learns from photos and from what this pack makes of them
    name=$1 kind=$2
    shift 2
    resume=
    [ -e "$out/$name/checkpoint.pt" ] && resume=--resume
    stage "$name" "$gigs" train "$kind" "$catalogue" --image-size 64 --reconstructions "$pack" --where "$where" \
        "$@" --out "$out/$name" $resume
}

scorer() { echo "$1=$out/$1/recommender.safetensors"; }

mkdir -p "$out"
[ -e "$pack" ] || cp -r src/gigs/packs/bundled/hm-64 "$pack"
stage update "$gigs" pack update "$pack" --generator "$generator" --encoder "$encoder" \
    --example shirt=103 --example jumper=71 --example trousers=78
train lite0 recommender --backbone efficientnet-lite0 --fold 0
train vgg16 recommender --backbone vgg16 --input-size 64 --fold 0
train lite1 judge --backbone efficientnet-lite1 --seed 1
train alexnet judge --backbone alexnet --seed 2
# Judges of both halves, so that every buyer's purchases can be seen by some that did not learn from them; where they know
# the targets' buyers, through other eyes than theirs.
train lite1-0 judge --backbone efficientnet-lite1 --fold 0 --seed 4
train alexnet-0 judge --backbone alexnet --fold 0 --seed 3
train lite0-1 judge --backbone efficientnet-lite0 --seed 6
stage scorers "$gigs" pack scorers "$pack" --catalogue "$catalogue" --where "$where" \
    --target "$(scorer lite0)" --target "$(scorer vgg16)" --judge "$(scorer lite1)" --judge "$(scorer alexnet)" \
    --judge "$(scorer lite1-0)" --judge "$(scorer alexnet-0)" --judge "$(scorer lite0-1)"
stage segments "$gigs" pack segments "$pack" --catalogue "$catalogue"
stage probes "$gigs" pack probes "$pack" --catalogue "$catalogue" --where "$where"
stage gate "$gigs" pack calibrate "$pack" --catalogue "$catalogue" --where "$where" --photos "$photos"
stage judges "$gigs" verify calibrate "$pack" --catalogue "$catalogue" --where "$where" --photos "$judged" \
    --out "$out/disagreement"
stage share "$gigs" verify share "$pack" --catalogue "$catalogue" --write --out "$out/share"
