#!/bin/sh
# From a catalogue and a generator to a bundled pack: scorers, gallery, probes, gate, limits and the map to shares.
#
#   training/rebuild-pack.sh NAME GENERATOR OUT [CATALOGUE [ENCODER]]
#
# NAME is hm-128 or hm-64. A generator that inverts photos itself, such as a cascade, needs no encoder. The pack is made in
# OUT/NAME, with the card of the bundled one; copy it to src/gigs/packs/bundled when it is finished, and edit card and docs
# by hand. A finished stage is not repeated, and training goes on where it was. GIGS (the command), PHOTOS and JUDGED (how
# many held-out photos set the gate and the disagreement of judges) and ITEMS (of the gallery) may be set.
set -eu

name=$1 generator=$2 out=$3 catalogue=${4:-data/hm} encoder=${5:-}
gigs=${GIGS:-.venv/bin/gigs} photos=${PHOTOS:-120} judged=${JUDGED:-60}
side=${name#hm-}
where='group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'
pack=$out/$name models=$out/models
case $name in
hm-128) items=${ITEMS:-3800} examples='shirt=5 jumper=174 trousers=197' ;;
hm-64) items=${ITEMS:-10000} examples='shirt=103 jumper=71 trousers=78' ;;
*) echo "rebuild-pack.sh: NAME is hm-128 or hm-64, not $name" >&2 && exit 2 ;;
esac

stage() {  # NAME COMMAND...: once
    stage=$1
    shift
    [ -e "$out/$stage.done" ] && return
    echo "$(date +%H:%M:%S) $stage"
    "$@"
    touch "$out/$stage.done"
}

train() {  # NAME KIND OPTIONS...: a scorer that learns from photos and from what the generator makes of them
    scorer=$1 kind=$2
    shift 2
    resume=
    [ -e "$out/$scorer/checkpoint.pt" ] && resume=--resume
    stage "$scorer" "$gigs" train "$kind" "$catalogue" --image-size "$side" --reconstructions "$models" \
        --where "$where" "$@" --out "$out/$scorer" $resume
}

weights() { echo "$1=$out/$1/recommender.safetensors"; }

build() {
    set -- --generator "$models/generator.safetensors" --recommender "$out/lite0/recommender.safetensors"
    [ -z "$encoder" ] || set -- "$@" --encoder "$models/encoder.safetensors"
    for example in $examples; do set -- "$@" --example "$example"; done
    python3 -c 'import json, sys; json.dump(json.load(open(sys.argv[1]))["card"], open(sys.argv[2], "w"))' \
        "src/gigs/packs/bundled/$name/pack.json" "$out/card.json"
    "$gigs" pack build "$name" --catalogue "$catalogue" --out "$pack" --card "$out/card.json" "$@" \
        --audience "women=women's buyers=main_section == \"Ladieswear\"" \
        --audience "men=menswear buyers (a fifth of what they buy or more)=bought_menswear >= 1 and bought_menswear * 5 >= purchases" \
        --audience 'divided=buyers of the young line Divided=main_section == "Divided"' \
        --audience 'age-18-29=buyers aged 18 to 29=age >= 18 and age < 30' \
        --audience 'age-30-44=buyers aged 30 to 44=age >= 30 and age < 45' \
        --audience 'age-45-plus=buyers aged 45 and over (and the few of no other age group)=all-but:age >= 18 and age < 45'
}

mkdir -p "$models"
cp "$generator" "$models/generator.safetensors"
[ -z "$encoder" ] || cp "$encoder" "$models/encoder.safetensors"
train lite0 recommender --backbone efficientnet-lite0 --fold 0
train vgg16 recommender --backbone vgg16 --input-size 64 --fold 0
train lite1 judge --backbone efficientnet-lite1 --seed 1
train alexnet judge --backbone alexnet --seed 2
# Judges of both halves, so that every buyer's purchases can be seen by some that did not learn from them; where they know
# the targets' buyers, through other eyes than theirs.
train lite1-0 judge --backbone efficientnet-lite1 --fold 0 --seed 4
train alexnet-0 judge --backbone alexnet --fold 0 --seed 3
train lite0-1 judge --backbone efficientnet-lite0 --seed 6
stage build build
stage scorers "$gigs" pack scorers "$pack" --catalogue "$catalogue" --where "$where" --items "$items" \
    --target "$(weights lite0)" --target "$(weights vgg16)" --judge "$(weights lite1)" --judge "$(weights alexnet)" \
    --judge "$(weights lite1-0)" --judge "$(weights alexnet-0)" --judge "$(weights lite0-1)"
# Of more segments, those that are too small would leave fewer than 50 buyers in none.
stage segments "$gigs" pack segments "$pack" --catalogue "$catalogue" --most 3
stage probes "$gigs" pack probes "$pack" --catalogue "$catalogue" --where "$where"
stage gate "$gigs" pack calibrate "$pack" --catalogue "$catalogue" --where "$where" --photos "$photos"
stage judges "$gigs" verify calibrate "$pack" --catalogue "$catalogue" --where "$where" --photos "$judged" \
    --out "$out/disagreement"
stage share "$gigs" verify share "$pack" --catalogue "$catalogue" --write --out "$out/share"
