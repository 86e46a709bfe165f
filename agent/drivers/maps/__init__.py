"""The maps that come with the program, offered through the same door as a vendor's."""

from agent.drivers.maps.midea import MideaHooks
from agent.drivers.registry import DriverSource

chint_ddsu666 = DriverSource(__name__, "chint_ddsu666.yaml")
chofu_aerona3 = DriverSource(__name__, "chofu_aerona3.yaml")
daikin_homehub = DriverSource(__name__, "daikin_homehub.yaml")
eastron_sdm120 = DriverSource(__name__, "eastron_sdm120.yaml")
eastron_sdm630 = DriverSource(__name__, "eastron_sdm630.yaml")
haier_atw_r290 = DriverSource(__name__, "haier_atw_r290.yaml")
haier_yre27_r32 = DriverSource(__name__, "haier_yre27_r32.yaml")
hitachi_atw_mbs_02 = DriverSource(__name__, "hitachi_atw_mbs_02.yaml")
itho_amber = DriverSource(__name__, "itho_amber.yaml")
kolant_greenbro = DriverSource(__name__, "kolant_greenbro.yaml")
lambda_eul = DriverSource(__name__, "lambda_eul.yaml")
lg_therma_v = DriverSource(__name__, "lg_therma_v.yaml")
midea_mthermal_r290 = DriverSource(__name__, "midea_mthermal_r290.yaml", MideaHooks)
midea_mthermal_r32 = DriverSource(__name__, "midea_mthermal_r32.yaml")
mitsubishi_procon_mini = DriverSource(__name__, "mitsubishi_procon_mini.yaml")
nibe_s_series = DriverSource(__name__, "nibe_s_series.yaml")
phnix_khx_r290 = DriverSource(__name__, "phnix_khx_r290.yaml")
samsung_ehs_mimb19n = DriverSource(__name__, "samsung_ehs_mimb19n.yaml")
sprsun_carel = DriverSource(__name__, "sprsun_carel.yaml")
sprsun_chico = DriverSource(__name__, "sprsun_chico.yaml")
stiebel_wpm_isg = DriverSource(__name__, "stiebel_wpm_isg.yaml")
xy_md02 = DriverSource(__name__, "xy_md02.yaml")
