"""Phrases that hold a letter until an organizer has read it, for each language with a list that was reviewed.

One phrase a line. A slash stands between alternatives. What follows an exclamation mark must not come next: "i will
shoot you ! an" lets "I'll shoot you an email" pass. `shared.domain.threats` reads them.
"""

_ENGLISH = """
i/we will kill/murder/hang/execute you ! with kindness ! out to ! at/in the polls/ballot/primary/election
i/we will stab/strangle/lynch/rape/behead/assassinate/torture you
i/we will shoot you ! a/an/some/another/over/straight ! down in/at
i/we will shoot you a bullet
i/we will kill/murder/shoot/stab/hang/lynch/rape/hurt your family/kids/children/wife/husband/son/daughter/mother
i/we want/plan/intend to kill/murder/shoot/stab/hang/lynch/rape/hurt you ! a/an/some/the/with
i/we would love/like to kill/murder/shoot/hang/lynch/hurt you ! a/an/some/the/with
i/we would love/like to see you dead/hang/hanged/shot/bleed ! in/on/tough/down
i/we am/are coming to kill/shoot/hang/get/hurt you ! out/a/an
i/we will come to kill/shoot/hang/get/hurt you ! out/a/an
i/we will come/be to/at your house/home/door with a/my/our/an gun/guns/rifle/knife/bat/bomb/rope/noose/ar
i/we will come/be to/at your house/home/door with guns/rifles/knives/bats/ropes/torches/pitchforks
i/we am/are coming to your house/home/door with a/my/our/an gun/guns/rifle/knife/bat/bomb/rope/noose/ar
i/we am/are coming to your house/home/door with guns/rifles/knives/bats/ropes/torches/pitchforks
i/we will burn your house/home/office/car ! to keep/warm
i/we will burn down your house/home/office
i/we will bomb your/the house/home/office/car/capitol/statehouse
i/we will blow up your/the house/home/office/car/capitol/statehouse ! of/budget/bill
i/we will blow your/you head/brains/up
i/we will put a bullet/knife in/through you/your
i/we will slit/cut your throat
i/we will break your legs/neck/arms/bones
i/we will beat/smash your face/head/skull
i/we will make you bleed
i/we will hunt you down ! at/in the polls/ballot/primary/hall/hallway/halls
i/we will make sure you die ! with dignity ! in peace
i/we know where you live ! up/among/in/by/is/are
i/we know where you and your family live
i/we know where your kids/children/family/wife/husband/son/daughter live/lives/sleep/sleeps/go/goes
i/we hope/pray/wish you die ! peacefully/quietly ! with dignity ! in peace/your ! at home ! of old
i/we hope/pray/wish you are/get shot/killed/murdered/raped/hanged/lynched/stabbed ! down in/at
i/we hope/pray/wish someone/somebody kills/shoots/stabs/rapes/murders you/your
someone/somebody should/must kill/murder/shoot/hang/lynch/rape you/him/her ! a/an ! down in/at
someone/somebody needs/ought to kill/murder/shoot/hang/lynch/rape you/him/her ! a/an ! down in/at
you deserve to die ! peacefully/surrounded ! with dignity ! in peace/dignity/comfort/your ! at home ! on your
you deserve to hang/burn alive
you deserve to be shot/hanged/hung/killed/murdered/executed/lynched/raped/beheaded/tortured ! down in/at
you deserve a bullet/rope/noose
you should/must be shot/hanged/hung/killed/murdered/executed/lynched/raped/beheaded/assassinated ! down in/at
you need/ought to be shot/hanged/hung/killed/murdered/executed/lynched/raped/beheaded/assassinated ! down in/at
you should kill yourself
go kill yourself
you will hang for this/that/it/what
you will get a bullet
you are a dead man/woman ! walking
you better/should watch your back
there is a bomb in your/the office/house/car/capitol/statehouse/building ! bill/budget
someone/somebody should/must put a bullet in/through you/your
put a bullet in/through your head/skull/brain
bullet with your name on it
"""

PHRASES: dict[str, tuple[str, ...]] = {"en": tuple(_ENGLISH.strip().splitlines())}
